// SPDX-License-Identifier: Apache-2.0

#include "net/curl_sockets.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>

namespace naming::net {
namespace {

using std::chrono::milliseconds;

// When there is no descriptor left for curl_multi_wakeup() to work with, Wait()
// looks around this often.
constexpr milliseconds kWaitWithoutWakeup{20};

// What doesn't fit is found by the next Act().
constexpr std::size_t kMaxEvents = 64;

int ActionOf(std::uint32_t events) {
  int action = 0;
  if ((events & EPOLLIN) != 0) action |= CURL_CSELECT_IN;
  if ((events & EPOLLOUT) != 0) action |= CURL_CSELECT_OUT;
  if ((events & (EPOLLERR | EPOLLHUP)) != 0) action |= CURL_CSELECT_ERR;
  return action;
}

}  // namespace

CurlSockets::CurlSockets()
    : multi_(curl_multi_init()),
      waiter_(curl_multi_init()),
      epoll_(epoll_create1(EPOLL_CLOEXEC)),
      has_wakeup_(curl_multi_wakeup(waiter_) == CURLM_OK) {
  if (epoll_ == -1) return;
  curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &OnSocket);
  curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &OnTimer);
  curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
}

CurlSockets::~CurlSockets() {
  curl_multi_cleanup(multi_);
  curl_multi_cleanup(waiter_);
  if (epoll_ != -1) close(epoll_);
}

void CurlSockets::Act() {
  int running = 0;
  if (epoll_ == -1) {
    curl_multi_perform(multi_, &running);
    return;
  }
  std::array<epoll_event, kMaxEvents> events;
  const int count = epoll_wait(epoll_, events.data(), events.size(), 0);
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    curl_multi_socket_action(multi_, event.data.fd, ActionOf(event.events),
                             &running);
  }
  if (timer_ && *timer_ <= Clock::now()) {
    timer_.reset();
    curl_multi_socket_action(multi_, CURL_SOCKET_TIMEOUT, 0, &running);
  }
}

void CurlSockets::Wait(milliseconds timeout) {
  if (!has_wakeup_) timeout = std::min(timeout, kWaitWithoutWakeup);
  if (epoll_ == -1) {
    // Wake() isn't heard meanwhile.
    timeout = std::min(timeout, kWaitWithoutWakeup);
    curl_multi_poll(multi_, nullptr, 0, static_cast<int>(timeout.count()),
                    nullptr);
    Act();
    return;
  }
  if (timer_) {
    const auto left = std::chrono::ceil<milliseconds>(*timer_ - Clock::now());
    timeout = std::clamp(left, milliseconds(0), timeout);
  }
  curl_waitfd sockets{};
  sockets.fd = epoll_;
  sockets.events = CURL_WAIT_POLLIN;
  curl_multi_poll(waiter_, &sockets, 1, static_cast<int>(timeout.count()),
                  nullptr);
  Act();
}

void CurlSockets::Wake() { curl_multi_wakeup(waiter_); }

int CurlSockets::OnSocket(CURL*, curl_socket_t socket, int what, void* self,
                          void*) {
  const int epoll = static_cast<CurlSockets*>(self)->epoll_;
  if (what == CURL_POLL_REMOVE) {
    epoll_ctl(epoll, EPOLL_CTL_DEL, socket, nullptr);
    return 0;
  }
  epoll_event event{};
  event.data.fd = socket;
  if ((what & CURL_POLL_IN) != 0) event.events |= EPOLLIN;
  if ((what & CURL_POLL_OUT) != 0) event.events |= EPOLLOUT;
  if (epoll_ctl(epoll, EPOLL_CTL_MOD, socket, &event) == 0) return 0;
  return epoll_ctl(epoll, EPOLL_CTL_ADD, socket, &event);
}

int CurlSockets::OnTimer(CURLM*, long timeout_ms, void* self) {
  auto& timer = static_cast<CurlSockets*>(self)->timer_;
  timer.reset();
  if (timeout_ms >= 0) timer = Clock::now() + milliseconds(timeout_ms);
  return 0;
}

}  // namespace naming::net

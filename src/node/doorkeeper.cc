// SPDX-License-Identifier: Apache-2.0

#include "node/doorkeeper.h"

#include <event2/event.h>
#include <event2/listener.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>

namespace naming::node {
namespace {

// How many descriptors connections leave to the rest of the process.
constexpr rlim_t kReserve = 64;

// How many connections are refused before others get their turn.
constexpr int kBatch = 64;

// How long nothing is accepted when the system can't: what waits would wake the
// loop again at once.
constexpr timeval kPause{0, 100'000};

constexpr std::string_view kRefusal =
    "HTTP/1.1 503 Service Unavailable\r\n"
    "Retry-After: 1\r\n"
    "Connection: close\r\n"
    "Content-Length: 0\r\n"
    "\r\n";

// Returns whether there is no descriptor below the limit. New ones always take
// the lowest free number.
bool IsFull(int any_fd) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == -1) return false;
  const rlim_t most = limit.rlim_cur - std::min(kReserve, limit.rlim_cur / 4);
  const int lowest = fcntl(any_fd, F_DUPFD_CLOEXEC, 0);
  if (lowest == -1) return true;
  close(lowest);
  return static_cast<rlim_t>(lowest) >= most;
}

// A request that stays unread would make the system reset the connection, which
// may reach the client before the answer does.
void RefuseConnection(int fd) {
  send(fd, kRefusal.data(), kRefusal.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  shutdown(fd, SHUT_WR);
  std::array<char, 4096> ignored;
  recv(fd, ignored.data(), ignored.size(), MSG_DONTWAIT);
  close(fd);
}

}  // namespace

void Doorkeeper::EventDeleter::operator()(event* event) const {
  event_free(event);
}

std::unique_ptr<Doorkeeper> Doorkeeper::Create(evconnlistener* listener) {
  std::unique_ptr<Doorkeeper> doorkeeper(new Doorkeeper(listener));
  return doorkeeper->Initialize() ? std::move(doorkeeper) : nullptr;
}

bool Doorkeeper::Initialize() {
  event_base* const base = evconnlistener_get_base(listener_);
  refuse_.reset(event_new(
      base, evconnlistener_get_fd(listener_), EV_READ | EV_PERSIST,
      [](evutil_socket_t, short, void* doorkeeper) {
        static_cast<Doorkeeper*>(doorkeeper)->Refuse();
      },
      this));
  resume_.reset(event_new(
      base, -1, 0,
      [](evutil_socket_t, short, void* doorkeeper) {
        static_cast<Doorkeeper*>(doorkeeper)->Resume();
      },
      this));
  return refuse_ != nullptr && resume_ != nullptr;
}

Doorkeeper::~Doorkeeper() = default;

void Doorkeeper::OnAccepted() {
  if (!IsFull(evconnlistener_get_fd(listener_))) return;
  evconnlistener_disable(listener_);
  event_add(refuse_.get(), nullptr);
}

void Doorkeeper::Refuse() {
  const int listening = evconnlistener_get_fd(listener_);
  for (int i = 0; i < kBatch && IsFull(listening); ++i) {
    const int fd =
        accept4(listening, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd != -1) {
      RefuseConnection(fd);
    } else if (errno == EAGAIN) {
      return;
    } else if (errno != EINTR && errno != ECONNABORTED) {
      Pause();
      return;
    }
  }
  if (!IsFull(listening)) Resume();
}

void Doorkeeper::Pause() {
  evconnlistener_disable(listener_);
  event_del(refuse_.get());
  event_add(resume_.get(), &kPause);
}

void Doorkeeper::Resume() {
  event_del(refuse_.get());
  evconnlistener_enable(listener_);
}

}  // namespace naming::node

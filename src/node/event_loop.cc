// SPDX-License-Identifier: Apache-2.0

#include "node/event_loop.h"

#include <event2/event.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <utility>

namespace naming::node {
namespace {

using Microseconds = std::chrono::microseconds;

// The program's signal handlers run on its own threads; and libevent writes to
// sockets that may be closed, which must not end the program by SIGPIPE.
void BlockSignals() {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

}  // namespace

timeval ToTimeval(base::Clock::Duration time) {
  const auto micros =
      std::max(std::chrono::ceil<Microseconds>(time), Microseconds(0));
  const auto seconds = std::chrono::floor<std::chrono::seconds>(micros);
  timeval value{};
  value.tv_sec = static_cast<time_t>(seconds.count());
  value.tv_usec = static_cast<suseconds_t>((micros - seconds).count());
  return value;
}

void EventLoop::BaseDeleter::operator()(event_base* base) const {
  event_base_free(base);
}

void EventLoop::EventDeleter::operator()(event* event) const {
  event_free(event);
}

std::unique_ptr<EventLoop> EventLoop::Create() {
  std::unique_ptr<EventLoop> loop(new EventLoop());
  return loop->Initialize() ? std::move(loop) : nullptr;
}

bool EventLoop::Initialize() {
  wake_fd_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  base_.reset(event_base_new());
  if (wake_fd_ == -1 || base_ == nullptr) return false;
  wake_event_.reset(event_new(
      base_.get(), wake_fd_, EV_READ | EV_PERSIST,
      [](evutil_socket_t, short, void* loop) {
        static_cast<EventLoop*>(loop)->RunPosted();
      },
      this));
  timer_event_.reset(event_new(
      base_.get(), -1, 0,
      [](evutil_socket_t, short, void* loop) {
        static_cast<EventLoop*>(loop)->RunDue();
      },
      this));
  return wake_event_ != nullptr && timer_event_ != nullptr &&
         event_add(wake_event_.get(), nullptr) == 0;
}

EventLoop::~EventLoop() {
  Stop();
  wake_event_.reset();
  timer_event_.reset();
  base_.reset();
  if (wake_fd_ != -1) close(wake_fd_);
}

void EventLoop::Start(const std::string& name) {
  thread_ = std::thread([this, name] { RunThread(name); });
}

void EventLoop::RunThread(const std::string& name) {
  BlockSignals();
  pthread_setname_np(pthread_self(), name.c_str());
  ArmTimer();
  event_base_loop(base_.get(), EVLOOP_NO_EXIT_ON_EMPTY);
}

void EventLoop::Stop() {
  std::deque<Task> dropped;
  {
    base::MutexLock lock(mutex_);
    is_stopping_ = true;
    dropped.swap(posted_);
    eventfd_write(wake_fd_, 1);
    done_.NotifyAll();
  }
  if (thread_.joinable()) thread_.join();
  // Moved out first: what a task owns may cancel a timer as it goes.
  const base::Timers dropped_timers = std::exchange(timers_, base::Timers());
}

void EventLoop::Post(Task task) {
  base::MutexLock lock(mutex_);
  if (is_stopping_) return;
  posted_.push_back(std::move(task));
  eventfd_write(wake_fd_, 1);
}

void EventLoop::Run(Task task) {
  auto is_done = std::make_shared<bool>(false);  // Guarded by mutex_.
  Post([this, task = std::move(task), is_done] {
    task();
    base::MutexLock lock(mutex_);
    *is_done = true;
    done_.NotifyAll();
  });
  base::MutexLock lock(mutex_);
  while (!*is_done && !is_stopping_) done_.Wait(mutex_);
}

void EventLoop::RunPosted() {
  eventfd_t ignored = 0;
  eventfd_read(wake_fd_, &ignored);
  std::deque<Task> tasks;
  {
    base::MutexLock lock(mutex_);
    tasks.swap(posted_);
  }
  for (const Task& task : tasks) task();
  base::MutexLock lock(mutex_);
  if (is_stopping_) event_base_loopbreak(base_.get());
}

base::Loop::TimerId EventLoop::RunAt(base::Clock::TimePoint when, Task task) {
  const TimerId id = timers_.Add(when, std::move(task));
  if (!armed_for_ || when < *armed_for_) ArmTimer();
  return id;
}

void EventLoop::CancelTimer(TimerId id) { timers_.Cancel(id); }

void EventLoop::RunDue() {
  const base::Clock::TimePoint now = clock_.Now();
  while (const Task task = timers_.TakeDue(now)) task();
  ArmTimer();
}

void EventLoop::ArmTimer() {
  armed_for_ = timers_.Next();
  if (!armed_for_) return;
  const timeval delay = ToTimeval(*armed_for_ - clock_.Now());
  event_add(timer_event_.get(), &delay);
}

void EventLoop::Advance(base::Clock::Duration by) {
  Run([this, by] { AdvanceHere(by); });
}

void EventLoop::AdvanceHere(base::Clock::Duration by) {
  const base::Clock::TimePoint end = clock_.Now() + by;
  for (auto next = timers_.Next(); next && *next <= end;
       next = timers_.Next()) {
    clock_.Shift(std::max(*next - clock_.Now(), base::Clock::Duration(0)));
    if (const Task task = timers_.TakeDue(*next)) task();
  }
  clock_.Shift(std::max(end - clock_.Now(), base::Clock::Duration(0)));
  ArmTimer();
}

}  // namespace naming::node

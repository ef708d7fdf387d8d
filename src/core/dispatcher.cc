// SPDX-License-Identifier: Apache-2.0

#include "core/dispatcher.h"

#include <chrono>
#include <utility>

#include "base/worker.h"

namespace naming::core {
namespace {

const std::thread::id kNobody{};

// How long callbacks may hold up the loop. A thread is woken by then in vain at
// times; within that time a callback is through with what callbacks are for, to
// take a list or to wake somebody.
constexpr std::chrono::milliseconds kPatience{1};

constexpr std::chrono::milliseconds kAtOnce{0};

}  // namespace

Dispatcher::Dispatcher(std::string loop_name, base::Waiter* waiter)
    : loop_(waiter),
      first_([this, name = std::move(loop_name)] { Serve(name); }),
      second_([this] { Serve("naming-call"); }) {}

Dispatcher::~Dispatcher() { Stop(); }

void Dispatcher::Post(std::function<void()> call) {
  base::MutexLock lock(mutex_);
  if (has_stopped_) return;  // `call` is the caller's to destroy.
  calls_.push_back(std::move(call));
  // Who runs calls, or leads, looks at them before it sleeps.
  if (is_calling_ || leader_ == std::this_thread::get_id()) return;
  wakeup_.Set(kAtOnce);
}

bool Dispatcher::IsCurrent() const {
  return caller_ == std::this_thread::get_id();
}

void Dispatcher::StopLoop() {
  {
    base::MutexLock lock(mutex_);
    has_loop_stopped_ = true;
    loop_.Stop();
    while (leader_ != kNobody) leader_left_.Wait(mutex_);
  }
  loop_.Clear();
}

void Dispatcher::Stop() {
  std::deque<std::function<void()>> dropped;
  {
    base::MutexLock lock(mutex_);
    has_stopped_ = true;
    dropped.swap(calls_);
  }
  StopLoop();
  wakeup_.Set(kAtOnce);
  if (first_.joinable()) first_.join();
  if (second_.joinable()) second_.join();
}

void Dispatcher::Serve(const std::string& name) {
  base::NameThisThread(name);
  base::MutexLock lock(mutex_);
  while (!has_stopped_) {
    if (leader_ == kNobody && !has_loop_stopped_) {
      Lead();
    } else if (!is_calling_ && !calls_.empty()) {
      RunCalls();
    } else {
      AwaitWakeup();
    }
  }
  wakeup_.Set(kAtOnce);  // For the other thread.
}

// Until the other thread leads, or the loop has stopped.
void Dispatcher::Lead() {
  const std::thread::id self = std::this_thread::get_id();
  leader_ = self;
  bool goes_on = true;
  while (goes_on) {
    mutex_.Unlock();
    if (!loop_.RunTask()) goes_on = loop_.Sleep();
    mutex_.Lock();
    if (is_calling_ || calls_.empty()) continue;
    RunCallsAsLeader();
    if (leader_ != self) return;
  }
  leader_ = kNobody;
  leader_left_.NotifyAll();
}

// Returns as the leader, unless the other thread has come to lead meanwhile, or
// the loop has been stopped.
void Dispatcher::RunCallsAsLeader() {
  leader_ = kNobody;
  leader_left_.NotifyAll();
  wakeup_.Set(kPatience);
  RunCalls();
  if (leader_ != kNobody || has_loop_stopped_) return;
  wakeup_.Clear();
  leader_ = std::this_thread::get_id();
}

void Dispatcher::RunCalls() {
  is_calling_ = true;
  caller_ = std::this_thread::get_id();
  while (!calls_.empty()) {
    std::function<void()> call = std::move(calls_.front());
    calls_.pop_front();
    mutex_.Unlock();
    call();
    call = nullptr;
    mutex_.Lock();
  }
  caller_ = kNobody;
  is_calling_ = false;
}

void Dispatcher::AwaitWakeup() {
  mutex_.Unlock();
  wakeup_.Wait();
  mutex_.Lock();
}

}  // namespace naming::core

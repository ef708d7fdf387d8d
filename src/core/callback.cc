// SPDX-License-Identifier: Apache-2.0

#include "core/callback.h"

#include <utility>

namespace naming::core {

Callback::Callback(std::shared_ptr<Dispatcher> dispatcher,
                   std::function<void()> step)
    : dispatcher_(std::move(dispatcher)), step_(std::move(step)) {}

void Callback::Schedule() {
  {
    base::MutexLock lock(mutex_);
    if (is_scheduled_ || has_ended_) return;
    is_scheduled_ = true;
  }
  dispatcher_->Post([self = shared_from_this()] { self->Run(); });
}

void Callback::Run() {
  std::function<void()> step;
  {
    base::MutexLock lock(mutex_);
    is_scheduled_ = false;
    if (has_ended_) return;
    is_running_ = true;
    step = std::move(step_);
  }
  step();
  base::MutexLock lock(mutex_);
  is_running_ = false;
  // After an End() from elsewhere, its caller releases what `step` owns: it may
  // count on that when it returns.
  if (!ended_within_) step_ = std::move(step);
  run_ended_.NotifyAll();
}

void Callback::End() {
  std::function<void()> released;
  base::MutexLock lock(mutex_);
  has_ended_ = true;
  if (is_running_ && dispatcher_->IsCurrent()) {
    ended_within_ = true;
    return;
  }
  while (is_running_) run_ended_.Wait(mutex_);
  released = std::move(step_);
}

}  // namespace naming::core

// SPDX-License-Identifier: Apache-2.0

#include "core/monitor.h"

#include <cstddef>
#include <string>
#include <utility>

#include "absl/strings/str_format.h"

namespace naming::core {
namespace {

constexpr std::size_t kMaxUntold = 1000;

}  // namespace

Monitor::Monitor() : Monitor(base::Clock::Real(), nullptr, nullptr, nullptr) {}

Monitor::Monitor(const base::Clock& clock,
                 std::shared_ptr<Dispatcher> dispatcher,
                 std::shared_ptr<Logger> logger, EventSink sink)
    : clock_(clock),
      logger_(std::move(logger)),
      callback_(sink == nullptr
                    ? nullptr
                    : std::make_shared<Callback>(
                          std::move(dispatcher),
                          [this, sink = std::move(sink)] { TellNext(sink); })) {
  base::MutexLock lock(mutex_);
  state_.since = clock_.WallNow();
}

Monitor::~Monitor() {
  if (callback_ != nullptr) callback_->End();
}

ClientState Monitor::state() const {
  base::MutexLock lock(mutex_);
  return state_;
}

void Monitor::Answered(std::string_view backend, std::string_view node) {
  base::MutexLock lock(mutex_);
  if (state_.is_connected && state_.node == node) return;
  ClientEvent event;
  event.kind = state_.is_connected ? ClientEvent::Kind::kNodeSwitched
                                   : ClientEvent::Kind::kBackendFound;
  event.node = std::string(node);
  event.message = absl::StrFormat(
      "%s: node %s: %s", backend, node,
      state_.is_connected ? absl::StrFormat("asked instead of %s", state_.node)
                          : "answers");
  if (!state_.is_connected) {
    state_.is_connected = true;
    state_.since = clock_.WallNow();
    state_.last_error = absl::OkStatus();
    was_lost_told_ = false;
  }
  state_.node = event.node;
  Queue(std::move(event));
}

void Monitor::Failed(absl::Status error) {
  base::MutexLock lock(mutex_);
  state_.last_error = std::move(error);
}

void Monitor::Lost(absl::Status error) {
  base::MutexLock lock(mutex_);
  if (std::exchange(state_.is_connected, false)) {
    state_.since = clock_.WallNow();
  }
  state_.last_error = std::move(error);
  if (std::exchange(was_lost_told_, true)) return;
  ClientEvent event;
  event.kind = ClientEvent::Kind::kBackendLost;
  event.message = std::string(state_.last_error.message());
  Queue(std::move(event));
}

void Monitor::Tell(ClientEvent event) {
  base::MutexLock lock(mutex_);
  Queue(std::move(event));
}

void Monitor::Warn(ClientEvent event) {
  if (logger_ != nullptr) logger_->Warning(event.message);
  Tell(std::move(event));
}

void Monitor::Queue(ClientEvent event) {
  if (callback_ == nullptr) return;
  event.time = clock_.WallNow();
  untold_.push_back(std::move(event));
  if (untold_.size() > kMaxUntold) {
    untold_.pop_front();
    counters_.dropped_events.Add();
  }
  callback_->Schedule();
}

void Monitor::TellNext(const EventSink& sink) {
  ClientEvent next;
  {
    base::MutexLock lock(mutex_);
    if (untold_.empty()) return;
    next = std::move(untold_.front());
    untold_.pop_front();
    if (!untold_.empty()) callback_->Schedule();
  }
  sink(next);
}

}  // namespace naming::core

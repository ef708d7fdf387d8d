// SPDX-License-Identifier: Apache-2.0

#include "base/timers.h"

namespace naming::base {

Loop::TimerId Timers::Add(Clock::TimePoint when, Loop::Task task) {
  const Loop::TimerId id = ++last_id_;
  by_time_.emplace(Key(when, id), std::move(task));
  when_.emplace(id, when);
  return id;
}

void Timers::Cancel(Loop::TimerId id) {
  const auto it = when_.find(id);
  if (it == when_.end()) return;
  by_time_.erase(Key(it->second, id));
  when_.erase(it);
}

std::optional<Clock::TimePoint> Timers::Next() const {
  if (by_time_.empty()) return std::nullopt;
  return by_time_.begin()->first.first;
}

Loop::Task Timers::TakeDue(Clock::TimePoint now) {
  const auto first = by_time_.begin();
  if (first == by_time_.end() || first->first.first > now) return {};
  Loop::Task task = std::move(first->second);
  when_.erase(first->first.second);
  by_time_.erase(first);
  return task;
}

}  // namespace naming::base

// SPDX-License-Identifier: Apache-2.0

#include "cli/report.h"

#include <utility>

namespace naming::cli {

Report::Report(Output& output, std::function<void()> on_broken)
    : output_(output), on_broken_(std::move(on_broken)) {}

void Report::OnChange(const RegistrationState& state) {
  base::MutexLock lock(mutex_);
  if (has_ended_ || state.is_registered == is_registered_) return;
  is_registered_ = state.is_registered;
  if (instance_.has_value()) PrintChange(state.last_error);
}

void Report::Begin(Instance instance) {
  base::MutexLock lock(mutex_);
  instance_ = std::move(instance);
  if (is_registered_) PrintChange(absl::OkStatus());
}

void Report::End() {
  base::MutexLock lock(mutex_);
  has_ended_ = true;
}

void Report::Cancelled() {
  base::MutexLock lock(mutex_);
  Print("cancelled", absl::OkStatus());
}

void Report::PrintChange(const absl::Status& why) {
  if (!is_registered_) {
    Print("lost", why);
  } else {
    Print(was_registered_ ? "recovered" : "registered", absl::OkStatus());
    was_registered_ = true;
  }
}

// The lock stays held: lines come in the order of what they tell.
void Report::Print(std::string_view event, const absl::Status& why) {
  if (!output_.PrintRegistration(event, *instance_, why)) on_broken_();
}

}  // namespace naming::cli

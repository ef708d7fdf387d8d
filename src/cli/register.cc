// SPDX-License-Identifier: Apache-2.0

#include <memory>

#include "absl/status/statusor.h"
#include "cli/report.h"
#include "cli/stop_signals.h"
#include "cli/verbs.h"
#include "naming/registry.h"

namespace naming::cli {
namespace {

constexpr std::chrono::seconds kTimeToRegister(5);

// Waits until the registry has taken the registration or a signal comes.
absl::Status WaitUntilRegistered(Registration& registration,
                                 StopSignals& stop) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point deadline = Clock::now() + kTimeToRegister;
  while (true) {
    // In short turns, because a signal can't end Wait().
    absl::Status status = registration.Wait(std::chrono::milliseconds(100));
    const bool is_refused = status.code() == absl::StatusCode::kInvalidArgument;
    if (status.ok() || is_refused || Clock::now() > deadline ||
        stop.Wait(std::chrono::milliseconds(0))) {
      return status;
    }
  }
}

}  // namespace

absl::Status Register(const Connect& connect, const Instance& instance,
                      std::optional<std::chrono::milliseconds> run_for,
                      Output& output) {
  StopSignals stop;
  Report report(output, [&stop] { stop.Request(); });
  const absl::StatusOr<Backend> backend = connect(LogSink());
  if (!backend.ok()) return backend.status();

  RegisterOptions register_options;
  register_options.mode = RegisterMode::kKeepTrying;
  register_options.on_change = [&report](const RegistrationState& state) {
    report.OnChange(state);
  };
  absl::StatusOr<Registration> registration =
      backend->registry->Register(instance, register_options);
  if (!registration.ok()) return registration.status();
  report.Begin(registration->instance());

  absl::Status status = WaitUntilRegistered(*registration, stop);
  const bool is_stopped = stop.Wait(std::chrono::milliseconds(0));
  if (!status.ok() && !is_stopped) {
    report.End();
    return status;
  }
  if (status.ok()) {
    report.OnChange(registration->state());
    stop.Wait(run_for);
  }
  report.End();
  if (absl::Status ended = registration->Cancel(); !ended.ok()) return ended;
  report.Cancelled();
  return absl::OkStatus();
}

}  // namespace naming::cli

// SPDX-License-Identifier: Apache-2.0

#include "naming/ejection.h"

#include <tuple>

#include "absl/strings/str_format.h"

namespace naming {
namespace {

using std::chrono::milliseconds;

absl::Status CheckRange(bool is_within, std::string_view field,
                        std::string_view range) {
  if (is_within) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrFormat("ejection.%s: must be in %s", field, range));
}

template <typename T>
bool IsWithin(T value, T low, T high) {
  return value >= low && value <= high;  // False for what isn't a number.
}

auto Fields(const EjectionOptions& options) {
  return std::tie(options.consecutive_failures, options.success_rate,
                  options.min_calls, options.interval, options.base_time,
                  options.max_time, options.max_share, options.slow_start);
}

auto Fields(const EjectionEvent& event) {
  return std::tie(event.kind, event.app_id, event.address, event.color,
                  event.cause, event.time);
}

}  // namespace

bool operator==(const EjectionOptions& a, const EjectionOptions& b) {
  return Fields(a) == Fields(b);
}

bool operator!=(const EjectionOptions& a, const EjectionOptions& b) {
  return !(a == b);
}

absl::Status Validate(const EjectionOptions& options) {
  constexpr milliseconds kHour = std::chrono::hours(1);
  constexpr milliseconds kDay = std::chrono::hours(24);
  for (const absl::Status& status : {
           CheckRange(IsWithin(options.consecutive_failures, 0, 1000),
                      "consecutive_failures", "[0, 1000]"),
           CheckRange(IsWithin(options.success_rate, 0.0, 1.0), "success_rate",
                      "[0, 1]"),
           CheckRange(IsWithin(options.min_calls, 1, 1'000'000), "min_calls",
                      "[1, 1000000]"),
           CheckRange(IsWithin(options.interval, milliseconds(100), kHour),
                      "interval", "[100ms, 1h]"),
           CheckRange(IsWithin(options.max_time, milliseconds(1), kDay),
                      "max_time", "[1ms, 24h]"),
           CheckRange(
               IsWithin(options.base_time, milliseconds(1), options.max_time),
               "base_time", "[1ms, max_time]"),
           CheckRange(IsWithin(options.max_share, 0.0, 1.0), "max_share",
                      "[0, 1]"),
           CheckRange(IsWithin(options.slow_start, milliseconds(0), kHour),
                      "slow_start", "[0ms, 1h]"),
       }) {
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

bool operator==(const EjectionEvent& a, const EjectionEvent& b) {
  return Fields(a) == Fields(b);
}

bool operator!=(const EjectionEvent& a, const EjectionEvent& b) {
  return !(a == b);
}

std::string_view ToString(EjectionEvent::Kind kind) {
  switch (kind) {
    case EjectionEvent::Kind::kEjected:
      return "ejected";
    case EjectionEvent::Kind::kReturned:
      return "returned";
    case EjectionEvent::Kind::kPanicBegan:
      return "panic began";
    case EjectionEvent::Kind::kPanicEnded:
      return "panic ended";
  }
  return "unknown";
}

}  // namespace naming

// SPDX-License-Identifier: Apache-2.0

#include <chrono>
#include <string>

#include "absl/strings/str_format.h"
#include "naming/grpc/channel.h"

namespace naming {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kDay = std::chrono::hours(24);
constexpr milliseconds kHour = std::chrono::hours(1);
constexpr milliseconds kShortestBackoff{100};

absl::Status Bad(const char* field, const char* range) {
  return absl::InvalidArgumentError(
      absl::StrFormat("grpc: options.%s: must be in %s", field, range));
}

bool IsIn(milliseconds time, milliseconds least, milliseconds most) {
  return least <= time && time <= most;
}

}  // namespace

absl::Status Validate(const GrpcOptions& options) {
  absl::Status status = Validate(options.balanced);
  if (!status.ok()) return status;
  if (!IsIn(options.default_timeout, milliseconds(0), kDay)) {
    return Bad("default_timeout", "[0ms, 24h]");
  }
  if (!IsIn(options.max_backoff, kShortestBackoff, kHour)) {
    return Bad("max_backoff", "[100ms, 1h]");
  }
  if (!IsIn(options.min_backoff, kShortestBackoff, options.max_backoff)) {
    return Bad("min_backoff", "[100ms, max_backoff]");
  }
  if (!IsIn(options.keepalive, milliseconds(0), kDay)) {
    return Bad("keepalive", "[0ms, 24h]");
  }
  if (!IsIn(options.keepalive_timeout, milliseconds(1), kDay)) {
    return Bad("keepalive_timeout", "[1ms, 24h]");
  }
  return absl::OkStatus();
}

Outcome OutcomeOf(const grpc::Status& status) {
  Outcome outcome;
  switch (status.error_code()) {
    case grpc::StatusCode::UNAVAILABLE:
    case grpc::StatusCode::INTERNAL:
    case grpc::StatusCode::RESOURCE_EXHAUSTED:
    case grpc::StatusCode::DATA_LOSS:
      outcome.result = Outcome::Result::kFailure;
      break;
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      outcome.result = Outcome::Result::kTimeout;
      break;
    case grpc::StatusCode::CANCELLED:
      outcome.result = Outcome::Result::kCancelled;
      break;
    default:
      outcome.result = Outcome::Result::kSuccess;
  }
  return outcome;
}

}  // namespace naming

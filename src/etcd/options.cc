// SPDX-License-Identifier: Apache-2.0

#include "naming/etcd/options.h"

#include <array>
#include <optional>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/check.h"
#include "base/text.h"
#include "etcd/members.h"
#include "etcd/place.h"

namespace naming::etcd {
namespace {

using std::chrono::milliseconds;

absl::Status Invalid(std::string_view field, std::string_view cause) {
  return absl::InvalidArgumentError(
      absl::StrFormat("etcd: options.%s: %s", field, cause));
}

absl::Status ValidateNodes(const std::vector<std::string>& nodes) {
  if (nodes.empty()) {
    return Invalid("nodes", "must name at least one member, as \"host:port\"");
  }
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (MemberUrl(nodes[i])) continue;
    return Invalid(absl::StrFormat("nodes[%d]", i),
                   absl::StrFormat("must be \"host\", \"host:port\" or "
                                   "\"http://host:port\", is \"%s\"",
                                   base::Excerpt(nodes[i], 100)));
  }
  return absl::OkStatus();
}

absl::Status ValidateLayout(const ClientOptions& options) {
  if (ToString(options.layout) == "unknown") {
    return Invalid("layout", "unknown");
  }
  if (!options.details_prefix.empty() && options.layout != Layout::kGoZero) {
    return Invalid("details_prefix", "is for the layout gozero alone");
  }
  return absl::OkStatus();
}

absl::Status ValidateCredentials(const ClientOptions& options) {
  if (options.user.empty() && !options.password.empty()) {
    return Invalid("user", "must be given with a password");
  }
  if (options.cert_file.empty() != options.key_file.empty()) {
    return Invalid("cert_file", "must be given together with key_file");
  }
  return absl::OkStatus();
}

absl::Status ValidateShrink(const ShrinkPolicy& shrink) {
  absl::Status status =
      base::CheckShare("etcd: options.shrink.max_share", shrink.max_share);
  status.Update(base::CheckDuration("etcd: options.shrink.grace", shrink.grace,
                                    milliseconds(0), std::chrono::hours(1)));
  return status;
}

absl::Status ValidateTtl(std::chrono::seconds ttl) {
  if (ttl == std::chrono::seconds(0)) return absl::OkStatus();
  return base::CheckDuration("etcd: options.ttl", ttl, std::chrono::seconds(1),
                             std::chrono::hours(1));
}

}  // namespace

std::string_view ToString(Layout layout) {
  switch (layout) {
    case Layout::kKratos:
      return "kratos";
    case Layout::kGoZero:
      return "gozero";
    case Layout::kKratos1:
      return "kratos1";
    case Layout::kGrpc:
      return "grpc";
  }
  return "unknown";
}

absl::Status Validate(const ClientOptions& options) {
  using std::chrono::hours;
  using std::chrono::minutes;
  using std::chrono::seconds;
  for (const absl::Status& status : {
           ValidateNodes(options.nodes),
           ValidateLayout(options),
           base::CheckText("etcd: options.prefix", options.prefix),
           base::CheckText("etcd: options.region", options.region),
           base::CheckText("etcd: options.zone", options.zone),
           base::CheckText("etcd: options.env", options.env),
           base::CheckText("etcd: options.hostname", options.hostname),
           base::CheckText("etcd: options.user", options.user),
           ValidateCredentials(options),
           base::CheckText("etcd: options.details_prefix",
                           options.details_prefix),
           ValidateShrink(options.shrink.value_or(ShrinkPolicy())),
           base::CheckDirectory("etcd: options.snapshot_dir",
                                options.snapshot_dir),
           base::CheckDuration("etcd: options.snapshot_max_age",
                               options.snapshot_max_age, minutes(1),
                               hours(8760)),
           ValidateTtl(options.ttl),
           base::CheckDuration("etcd: options.cancel_timeout",
                               options.cancel_timeout, milliseconds(1),
                               minutes(1)),
           base::CheckDuration("etcd: options.resync_interval",
                               options.resync_interval, seconds(1), hours(1)),
           base::CheckDuration("etcd: options.request_timeout",
                               options.request_timeout, milliseconds(100),
                               minutes(1)),
           base::CheckDuration("etcd: options.connect_timeout",
                               options.connect_timeout, milliseconds(10),
                               minutes(1)),
       }) {
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace naming::etcd

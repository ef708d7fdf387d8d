// SPDX-License-Identifier: Apache-2.0

#include "naming/discovery/options.h"

#include <cstdlib>

#include "absl/strings/str_format.h"
#include "base/check.h"
#include "base/text.h"
#include "core/nodes.h"

namespace naming::discovery {
namespace {

using std::chrono::milliseconds;

// Does nothing when `variable` isn't set, or is empty.
void ReadEnvironment(const char* variable, std::string& field) {
  const char* value = std::getenv(variable);
  if (value != nullptr && *value != '\0') field = value;
}

absl::Status Invalid(std::string_view field, std::string_view cause) {
  return absl::InvalidArgumentError(
      absl::StrFormat("discovery: options.%s: %s", field, cause));
}

absl::Status ValidateNodes(const std::vector<std::string>& nodes) {
  if (nodes.empty()) {
    return Invalid("nodes", "must name at least one node, as \"host:port\"");
  }
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (core::NodeUrl(nodes[i])) continue;
    return Invalid(absl::StrFormat("nodes[%d]", i),
                   absl::StrFormat("must be \"host:port\" or "
                                   "\"http://host:port\", is \"%s\"",
                                   base::Excerpt(nodes[i], 100)));
  }
  return absl::OkStatus();
}

}  // namespace

ClientOptions ClientOptions::FromEnvironment() {
  ClientOptions options;
  std::string nodes;
  ReadEnvironment("DISCOVERY_NODES", nodes);
  for (const std::string_view node : base::Split(nodes, ',')) {
    const std::string_view trimmed = base::Trim(node);
    if (!trimmed.empty()) options.nodes.emplace_back(trimmed);
  }
  ReadEnvironment("REGION", options.region);
  ReadEnvironment("ZONE", options.zone);
  ReadEnvironment("DEPLOY_ENV", options.env);
  ReadEnvironment("HOSTNAME", options.hostname);
  ReadEnvironment("APP_ID", options.app_id);
  ReadEnvironment("DEPLOY_COLOR", options.color);
  return options;
}

absl::Status Validate(const ClientOptions& options) {
  using std::chrono::hours;
  using std::chrono::minutes;
  using std::chrono::seconds;
  for (const absl::Status& status : {
           ValidateNodes(options.nodes),
           base::CheckText("discovery: options.region", options.region),
           base::CheckNonEmptyText("discovery: options.zone", options.zone),
           base::CheckNonEmptyText("discovery: options.env", options.env),
           base::CheckText("discovery: options.hostname", options.hostname),
           base::CheckText("discovery: options.app_id", options.app_id),
           base::CheckText("discovery: options.color", options.color),
           base::CheckShare("discovery: options.shrink.max_share",
                            options.shrink.max_share),
           base::CheckDuration("discovery: options.shrink.grace",
                               options.shrink.grace, milliseconds(0), hours(1)),
           base::CheckDirectory("discovery: options.snapshot_dir",
                                options.snapshot_dir),
           base::CheckDuration("discovery: options.snapshot_max_age",
                               options.snapshot_max_age, minutes(1),
                               hours(8760)),
           base::CheckDuration("discovery: options.cancel_timeout",
                               options.cancel_timeout, milliseconds(1),
                               minutes(1)),
           base::CheckDuration("discovery: options.renew_interval",
                               options.renew_interval, seconds(1), seconds(60)),
           base::CheckDuration("discovery: options.poll_hold",
                               options.poll_hold, seconds(1), seconds(30)),
           base::CheckDuration("discovery: options.request_timeout",
                               options.request_timeout, milliseconds(100),
                               minutes(1)),
           base::CheckDuration("discovery: options.connect_timeout",
                               options.connect_timeout, milliseconds(10),
                               minutes(1)),
           base::CheckDuration("discovery: options.nodes_interval",
                               options.nodes_interval, seconds(1), hours(1)),
       }) {
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace naming::discovery

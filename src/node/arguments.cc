// SPDX-License-Identifier: Apache-2.0

#include "node/arguments.h"

#include <utility>

#include "absl/status/status.h"
#include "net/json.h"
#include "node/go_json.h"

namespace naming::node {
namespace {

using Rule = Binder::Rule;

template <typename Arguments>
absl::StatusOr<Arguments> Bound(const Binder& binder, Arguments arguments) {
  if (auto error = binder.error()) return absl::InvalidArgumentError(*error);
  return arguments;
}

void BindKey(Binder& binder, InstanceKey& key) {
  binder.String("zone", "Zone", Rule::kRequired, key.zone);
  binder.String("env", "Env", Rule::kRequired, key.app.env);
  binder.String("appid", "AppID", Rule::kRequired, key.app.app_id);
  binder.String("hostname", "Hostname", Rule::kRequired, key.hostname);
}

template <typename Arguments>
void BindOrigin(Binder& binder, Arguments& arguments) {
  binder.Bool("replication", "Replication", arguments.is_replica);
  binder.Bool("from_zone", "FromZone", arguments.is_from_zone);
}

absl::StatusOr<net::JsonDocument> ParseJson(std::string_view json) {
  return net::JsonDocument::ParseWhole(GoValidUtf8(json));
}

}  // namespace

absl::StatusOr<RegisterArguments> RegisterArguments::Bind(
    const Request& request, const Form& form) {
  RegisterArguments arguments;
  std::int64_t latest_timestamp = 0;  // Must be a number, and is ignored.
  Binder binder(request, form, "ArgRegister");
  binder.String("region", "Region", Rule::kOptional, arguments.region);
  binder.String("zone", "Zone", Rule::kRequired, arguments.zone);
  binder.String("env", "Env", Rule::kRequired, arguments.env);
  binder.String("appid", "AppID", Rule::kRequired, arguments.app_id);
  binder.String("hostname", "Hostname", Rule::kRequired, arguments.hostname);
  binder.Uint32("status", "Status", Rule::kRequired, arguments.status);
  binder.Strings("addrs", "Addrs", Rule::kNotEmpty, arguments.addrs);
  binder.String("version", "Version", Rule::kOptional, arguments.version);
  binder.String("metadata", "Metadata", Rule::kOptional, arguments.metadata);
  BindOrigin(binder, arguments);
  binder.Int64("latest_timestamp", "LatestTimestamp", latest_timestamp);
  binder.Int64("dirty_timestamp", "DirtyTimestamp", arguments.dirty_timestamp);
  return Bound(binder, std::move(arguments));
}

absl::StatusOr<RenewArguments> RenewArguments::Bind(const Request& request,
                                                    const Form& form) {
  RenewArguments arguments;
  Binder binder(request, form, "ArgRenew");
  BindKey(binder, arguments.key);
  BindOrigin(binder, arguments);
  binder.Int64("dirty_timestamp", "DirtyTimestamp", arguments.dirty_timestamp);
  return Bound(binder, std::move(arguments));
}

absl::StatusOr<CancelArguments> CancelArguments::Bind(const Request& request,
                                                      const Form& form) {
  CancelArguments arguments;
  Binder binder(request, form, "ArgCancel");
  BindKey(binder, arguments.key);
  BindOrigin(binder, arguments);
  binder.Int64("latest_timestamp", "LatestTimestamp",
               arguments.latest_timestamp);
  return Bound(binder, std::move(arguments));
}

absl::StatusOr<FetchArguments> FetchArguments::Bind(const Request& request,
                                                    const Form& form) {
  FetchArguments arguments;
  Binder binder(request, form, "ArgFetch");
  binder.String("zone", "Zone", Rule::kOptional, arguments.zone);
  binder.String("env", "Env", Rule::kRequired, arguments.app.env);
  binder.String("appid", "AppID", Rule::kRequired, arguments.app.app_id);
  binder.Uint32("status", "Status", Rule::kRequired, arguments.status);
  return Bound(binder, std::move(arguments));
}

absl::StatusOr<FetchsArguments> FetchsArguments::Bind(const Request& request,
                                                      const Form& form) {
  FetchsArguments arguments;
  Binder binder(request, form, "ArgFetchs");
  binder.String("zone", "Zone", Rule::kOptional, arguments.zone);
  binder.String("env", "Env", Rule::kRequired, arguments.env);
  binder.Strings("appid", "AppID", Rule::kNotEmpty, arguments.app_ids);
  binder.Uint32("status", "Status", Rule::kRequired, arguments.status);
  return Bound(binder, std::move(arguments));
}

absl::StatusOr<PollsArguments> PollsArguments::Bind(const Request& request,
                                                    const Form& form) {
  PollsArguments arguments;
  Binder binder(request, form, "ArgPolls");
  binder.String("zone", "Zone", Rule::kOptional, arguments.zone);
  binder.String("env", "Env", Rule::kRequired, arguments.env);
  binder.Strings("appid", "AppID", Rule::kNotEmpty, arguments.app_ids);
  binder.String("hostname", "Hostname", Rule::kRequired, arguments.hostname);
  binder.Int64s("latest_timestamp", "LatestTimestamp",
                arguments.latest_timestamps);
  return Bound(binder, std::move(arguments));
}

absl::StatusOr<SetArguments> SetArguments::Bind(const Request& request,
                                                const Form& form) {
  SetArguments arguments;
  Binder binder(request, form, "ArgSet");
  binder.String("zone", "Zone", Rule::kRequired, arguments.zone);
  binder.String("env", "Env", Rule::kRequired, arguments.app.env);
  binder.String("appid", "AppID", Rule::kRequired, arguments.app.app_id);
  binder.Strings("hostname", "Hostname", Rule::kOptional, arguments.hostnames);
  binder.Int64s("status", "Status", arguments.statuses);
  binder.Strings("metadata", "Metadata", Rule::kOptional, arguments.metadata);
  BindOrigin(binder, arguments);
  binder.Int64("set_timestamp", "SetTimestamp", arguments.set_timestamp);
  return Bound(binder, std::move(arguments));
}

absl::StatusOr<std::optional<Metadata>> ParseMetadata(std::string_view json) {
  if (json.empty()) return std::optional<Metadata>();
  const absl::StatusOr<net::JsonDocument> document = ParseJson(json);
  if (!document.ok()) return absl::InvalidArgumentError("not JSON");
  if (!document->root().is_object()) return std::optional<Metadata>();
  bool has_other = false;
  return std::optional<Metadata>(
      net::DecodeStringMap(document->root(), has_other));
}

MetadataChange ParseMetadataChange(std::string_view json) {
  MetadataChange change;
  const absl::StatusOr<net::JsonDocument> document = ParseJson(json);
  if (document.ok() && document->root().is_null()) {
    change.kind = MetadataChange::Kind::kClear;
  } else if (document.ok() && document->root().is_object()) {
    change.kind = MetadataChange::Kind::kMerge;
    change.values = net::DecodeStringMap(document->root(), change.is_bad);
  } else {
    change.is_bad = true;
  }
  return change;
}

}  // namespace naming::node

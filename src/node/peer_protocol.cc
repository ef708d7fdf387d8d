// SPDX-License-Identifier: Apache-2.0

#include "node/peer_protocol.h"

#include <cstddef>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "base/text.h"
#include "base/url.h"

namespace naming::node {
namespace {

// Of an answer that isn't understood, in a message.
constexpr std::size_t kExcerptBytes = 200;

void Append(std::string& form, std::string_view key, std::int64_t value) {
  base::AppendParameter(form, key, absl::StrFormat("%d", value));
}

void AppendKey(std::string& form, const InstanceKey& key) {
  base::AppendParameter(form, "zone", key.zone);
  base::AppendParameter(form, "env", key.app.env);
  base::AppendParameter(form, "appid", key.app.app_id);
  base::AppendParameter(form, "hostname", key.hostname);
}

std::string Joined(const std::vector<std::string>& addrs) {
  std::string joined;
  for (const std::string& addr : addrs) {
    if (!joined.empty()) joined += ',';
    joined += addr;
  }
  return joined;
}

bool BeginsWithScheme(std::string_view text) {
  const std::size_t end = text.find_first_not_of(
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.");
  return end != 0 && end != std::string_view::npos &&
         text.substr(end, 3) == "://";
}

std::string Text(const net::JsonValue& object, std::string_view name) {
  return std::string(object[name].AsString().value_or(""));
}

std::int64_t Number(const net::JsonValue& object, std::string_view name) {
  return object[name].AsInt64().value_or(0);
}

std::optional<StoredInstance> DecodeInstance(const net::JsonValue& value) {
  StoredInstance instance;
  instance.region = Text(value, "region");
  instance.zone = Text(value, "zone");
  instance.env = Text(value, "env");
  instance.app_id = Text(value, "appid");
  instance.hostname = Text(value, "hostname");
  value["addrs"].ForEachElement([&](net::JsonValue addr) {
    if (const auto text = addr.AsString()) instance.addrs.emplace_back(*text);
  });
  instance.version = Text(value, "version");
  if (const auto metadata = value["metadata"]; metadata.is_object()) {
    bool has_other = false;
    instance.metadata = net::DecodeStringMap(metadata, has_other);
  }
  const std::int64_t status = Number(value, "status");
  instance.reg_timestamp = Number(value, "reg_timestamp");
  instance.up_timestamp = Number(value, "up_timestamp");
  instance.renew_timestamp = Number(value, "renew_timestamp");
  instance.dirty_timestamp = Number(value, "dirty_timestamp");
  instance.latest_timestamp = Number(value, "latest_timestamp");
  const bool is_named = !instance.zone.empty() && !instance.env.empty() &&
                        !instance.app_id.empty() && !instance.hostname.empty();
  if (!is_named || (status != kStatusUp && status != kStatusWaiting)) {
    return std::nullopt;
  }
  instance.status = static_cast<std::uint32_t>(status);
  return instance;
}

}  // namespace

std::string RegisterForm(const StoredInstance& instance, bool joins_addrs) {
  std::string form;
  base::AppendParameter(form, "region", instance.region);
  AppendKey(form, KeyOf(instance));
  if (joins_addrs) {
    base::AppendParameter(form, "addrs", Joined(instance.addrs));
  } else {
    for (const std::string& addr : instance.addrs) {
      base::AppendParameter(form, "addrs", addr);
    }
  }
  Append(form, "status", instance.status);
  base::AppendParameter(form, "version", instance.version);
  if (instance.metadata) {
    base::AppendParameter(form, "metadata",
                          net::EncodeStringMap(*instance.metadata));
  }
  Append(form, "reg_timestamp", instance.reg_timestamp);
  Append(form, "dirty_timestamp", instance.dirty_timestamp);
  Append(form, "latest_timestamp", instance.latest_timestamp);
  return form;
}

std::string RenewForm(const StoredInstance& instance) {
  std::string form;
  base::AppendParameter(form, "region", instance.region);
  AppendKey(form, KeyOf(instance));
  Append(form, "dirty_timestamp", instance.dirty_timestamp);
  return form;
}

std::string CancelForm(const InstanceKey& key, std::int64_t latest_timestamp) {
  std::string form;
  AppendKey(form, key);
  Append(form, "latest_timestamp", latest_timestamp);
  return form;
}

std::string SetForm(const SetArguments& arguments) {
  std::string form;
  base::AppendParameter(form, "zone", arguments.zone);
  base::AppendParameter(form, "env", arguments.app.env);
  base::AppendParameter(form, "appid", arguments.app.app_id);
  for (const std::string& hostname : arguments.hostnames) {
    base::AppendParameter(form, "hostname", hostname);
  }
  for (const std::int64_t status : arguments.statuses) {
    Append(form, "status", status);
  }
  for (const std::string& metadata : arguments.metadata) {
    base::AppendParameter(form, "metadata", metadata);
  }
  Append(form, "set_timestamp", arguments.set_timestamp);
  return form;
}

std::string WithOrigin(std::string form, bool is_for_own_zone) {
  base::AppendParameter(form, "from_zone", "true");
  base::AppendParameter(form, "replication",
                        is_for_own_zone ? "true" : "false");
  return form;
}

std::vector<std::string> SplitAddresses(const std::vector<std::string>& addrs) {
  std::vector<std::string> parts;
  for (std::string_view rest : addrs) {
    for (std::size_t comma = rest.find(','); comma != std::string_view::npos;) {
      if (BeginsWithScheme(rest.substr(comma + 1))) {
        parts.emplace_back(rest.substr(0, comma));
        rest.remove_prefix(comma + 1);
        comma = rest.find(',');
      } else {
        comma = rest.find(',', comma + 1);
      }
    }
    parts.emplace_back(rest);
  }
  return parts;
}

bool IsPassedOn(const Form& form) {
  return form.First("from_zone") == "true" ||
         form.First("replication") == "true";
}

absl::StatusOr<PeerAnswer> DecodePeerAnswer(
    const absl::StatusOr<net::HttpResponse>& response) {
  if (!response.ok()) return response.status();
  if (response->status_code != 200) {
    std::string message =
        absl::StrFormat("HTTP status %d", response->status_code);
    return response->status_code / 100 == 4
               ? absl::FailedPreconditionError(std::move(message))
               : absl::InternalError(std::move(message));
  }
  const absl::StatusOr<net::JsonDocument> document =
      net::JsonDocument::Parse(response->body);
  const std::optional<std::int64_t> code =
      document.ok() ? document->root()["code"].AsInt64() : std::nullopt;
  if (!code || *code < -1000 || *code > 1000) {
    return absl::InternalError(absl::StrFormat(
        "not an answer: %s", base::Excerpt(response->body, kExcerptBytes)));
  }
  PeerAnswer answer;
  answer.code = static_cast<int>(*code);
  const net::JsonValue data = document->root()["data"];
  answer.instance = DecodeInstance(data);
  if (!answer.instance) answer.all = DecodeInstances(data);
  return answer;
}

std::vector<StoredInstance> DecodeInstances(const net::JsonValue& apps) {
  std::vector<StoredInstance> instances;
  apps.ForEachMember([&](std::string_view, net::JsonValue app) {
    app.ForEachElement([&](net::JsonValue value) {
      if (std::optional<StoredInstance> instance = DecodeInstance(value)) {
        instances.push_back(*std::move(instance));
      }
    });
  });
  return instances;
}

}  // namespace naming::node

// SPDX-License-Identifier: Apache-2.0

#include "discovery/protocol.h"

#include <algorithm>
#include <optional>

#include "absl/strings/str_format.h"
#include "base/text.h"
#include "base/url.h"

namespace naming::discovery {
namespace {

using net::JsonValue;

constexpr std::size_t kExcerptBytes = 200;

std::string StringOr(JsonValue value, std::string_view otherwise) {
  return std::string(value.AsString().value_or(otherwise));
}

// HTTP status codes that say more than "this node is of no use now".
std::optional<absl::Status> StatusOfHttp(int status_code) {
  if (status_code < 400) return std::nullopt;
  const std::string message = absl::StrFormat("HTTP status %d", status_code);
  switch (status_code) {
    case 401:
      return absl::UnauthenticatedError(message);
    case 403:
      return absl::PermissionDeniedError(message);
    case 429:
      return absl::ResourceExhaustedError(message);
    default:
      return absl::UnavailableError(message);
  }
}

std::string DescribeCode(const Answer& answer) {
  const std::string number = absl::StrFormat("%d", answer.code);
  // Most codes come with their own number as the message.
  if (answer.message.empty() || answer.message == number) {
    return absl::StrFormat("code %s", number);
  }
  return absl::StrFormat("code %s: %s", number,
                         base::Excerpt(answer.message, kExcerptBytes));
}

// Codes by which a node says that it can't serve now, whatever the request.
std::optional<absl::Status> StatusOfNode(const Answer& answer) {
  switch (answer.code) {
    case kCodeOk:
    case kCodeNotModified:
    case kCodeNotFound:
    case -400:
    case -409:
      return std::nullopt;
    case -401:
      return absl::UnauthenticatedError(DescribeCode(answer));
    case -403:
      return absl::PermissionDeniedError(DescribeCode(answer));
    case -509:
      return absl::ResourceExhaustedError(DescribeCode(answer));
    default:
      return absl::UnavailableError(DescribeCode(answer));
  }
}

std::vector<std::string> DecodeAddrs(JsonValue addrs, Dropped& dropped) {
  std::vector<std::string> decoded;
  addrs.ForEachElement([&](JsonValue element) {
    for (const std::string_view part :
         base::Split(element.AsString().value_or(""), ',')) {
      const std::string_view addr = base::Trim(part);
      if (base::ParseAddress(addr)) {
        decoded.emplace_back(addr);
      } else {
        ++dropped.addresses;
      }
    }
  });
  return decoded;
}

// A mask on the wire; its lowest bit is "takes traffic".
Instance::Status DecodeStatus(JsonValue value) {
  const bool is_up = (value.AsInt64().value_or(1) & 1) != 0;
  return is_up ? Instance::Status::kUp : Instance::Status::kWaiting;
}

std::map<std::string, std::string> DecodeMetadata(JsonValue value) {
  std::map<std::string, std::string> metadata;
  value.ForEachMember([&metadata](std::string_view key, JsonValue member) {
    if (const auto text = member.AsString()) metadata.emplace(key, *text);
  });
  return metadata;
}

// Returns nothing when `value` is no Instance of (app_id, env) that one could
// call.
std::optional<Instance> DecodeInstance(JsonValue value, std::string_view app_id,
                                       std::string_view env,
                                       std::string_view zone,
                                       Dropped& dropped) {
  if (value["appid"].AsString() != app_id) return std::nullopt;
  if (value["env"].AsString() != env) return std::nullopt;
  Instance instance;
  instance.app_id = std::string(app_id);
  instance.env = std::string(env);
  instance.hostname = StringOr(value["hostname"], "");
  instance.region = StringOr(value["region"], "");
  instance.zone = StringOr(value["zone"], zone);
  instance.version = StringOr(value["version"], "");
  instance.addrs = DecodeAddrs(value["addrs"], dropped);
  if (instance.addrs.empty()) return std::nullopt;
  instance.status = DecodeStatus(value["status"]);
  instance.metadata = DecodeMetadata(value["metadata"]);
  return instance;
}

// {"clients": {client_zone: {"zones": {zone: {"weight": n}}}}}, as v1.2 has it.
void DecodeScheduleObject(JsonValue value, Schedule& schedule) {
  value["clients"].ForEachMember([&](std::string_view from, JsonValue client) {
    Schedule::ZoneWeights& weights = schedule.clients[std::string(from)];
    client["zones"].ForEachMember([&](std::string_view to, JsonValue zone) {
      if (const auto weight = zone["weight"].AsInt64()) {
        weights[std::string(to)] = *weight;
      }
    });
  });
}

// [{"src": client_zone, "dst": {zone: n}}], as v1.1 has it.
void DecodeScheduleArray(JsonValue value, Schedule& schedule) {
  value.ForEachElement([&](JsonValue entry) {
    const auto from = entry["src"].AsString();
    if (!from) return;
    Schedule::ZoneWeights& weights = schedule.clients[std::string(*from)];
    entry["dst"].ForEachMember([&](std::string_view to, JsonValue weight) {
      if (const auto number = weight.AsInt64()) {
        weights[std::string(to)] = *number;
      }
    });
  });
}

// `instances` is an object zone → array at every public server; bilibili's
// inner one has a plain array and the object beside it as `zone_instances`.
absl::Status DecodeInstances(JsonValue app, std::string_view app_id,
                             std::string_view env,
                             std::vector<Instance>& instances,
                             Dropped& dropped) {
  JsonValue zones = app["instances"];
  if (zones.is_array() && app["zone_instances"].is_object()) {
    zones = app["zone_instances"];
  }
  const auto decode_zone = [&](std::string_view zone, JsonValue array) {
    array.ForEachElement([&](JsonValue element) {
      auto instance = DecodeInstance(element, app_id, env, zone, dropped);
      if (instance) {
        instances.push_back(*std::move(instance));
      } else {
        ++dropped.instances;
      }
    });
  };
  if (zones.is_object()) {
    zones.ForEachMember(decode_zone);
  } else if (zones.is_array()) {
    decode_zone("", zones);
  } else if (zones.exists() && !zones.is_null()) {
    return absl::InternalError("\"instances\" is neither object nor array");
  }
  return absl::OkStatus();
}

absl::StatusOr<AppAnswer> DecodeApp(JsonValue app, std::string_view app_id,
                                    std::string_view env, Dropped& dropped) {
  if (!app.is_object()) return absl::InternalError("data is no object");
  const auto version = app["latest_timestamp"].AsInt64();
  if (!version) return absl::InternalError("no \"latest_timestamp\"");
  AppAnswer answer;
  answer.version = *version;
  absl::Status decoded =
      DecodeInstances(app, app_id, env, answer.list.instances, dropped);
  if (!decoded.ok()) return decoded;
  DecodeScheduleObject(app["scheduler"], answer.list.schedule);
  DecodeScheduleArray(app["scheduler"], answer.list.schedule);
  return answer;
}

}  // namespace

std::string RegisterForm(const Instance& instance,
                         std::int64_t dirty_timestamp) {
  std::string form;
  base::AppendParameter(form, "region", instance.region);
  base::AppendParameter(form, "zone", instance.zone);
  base::AppendParameter(form, "env", instance.env);
  base::AppendParameter(form, "appid", instance.app_id);
  base::AppendParameter(form, "hostname", instance.hostname);
  base::AppendParameter(form, "status",
                        instance.status == Instance::Status::kUp ? "1" : "2");
  for (const std::string& addr : instance.addrs) {
    base::AppendParameter(form, "addrs", addr);
  }
  base::AppendParameter(form, "version", instance.version);
  base::AppendParameter(form, "metadata",
                        net::EncodeStringMap(instance.metadata));
  base::AppendParameter(form, "dirty_timestamp",
                        absl::StrFormat("%d", dirty_timestamp));
  return form;
}

std::string InstanceKeyForm(const Instance& instance) {
  std::string form;
  base::AppendParameter(form, "region", instance.region);
  base::AppendParameter(form, "zone", instance.zone);
  base::AppendParameter(form, "env", instance.env);
  base::AppendParameter(form, "appid", instance.app_id);
  base::AppendParameter(form, "hostname", instance.hostname);
  return form;
}

std::string FetchsQuery(std::string_view env,
                        const std::vector<std::string>& app_ids) {
  std::string query;
  base::AppendParameter(query, "env", env);
  base::AppendParameter(query, "status", "1");
  for (const std::string& app_id : app_ids) {
    base::AppendParameter(query, "appid", app_id);
  }
  return query;
}

std::string PollsQuery(
    std::string_view env, std::string_view poller,
    const std::vector<std::pair<std::string, std::int64_t>>& apps) {
  std::string query;
  base::AppendParameter(query, "env", env);
  base::AppendParameter(query, "hostname", poller);
  for (const auto& [app_id, version] : apps) {
    base::AppendParameter(query, "appid", app_id);
    base::AppendParameter(query, "latest_timestamp",
                          absl::StrFormat("%d", version));
  }
  return query;
}

std::size_t PollsQueryBytes(std::string_view app_id) {
  constexpr std::string_view kNames = "&appid=&latest_timestamp=";
  constexpr std::size_t kVersionBytes = 20;  // An int64 with its sign.
  return kNames.size() + kVersionBytes + base::PercentEncode(app_id).size();
}

absl::StatusOr<Answer> DecodeAnswer(net::HttpResponse response) {
  if (auto failed = StatusOfHttp(response.status_code)) return *failed;
  if (response.body.empty()) return absl::InternalError("empty answer");
  const std::string excerpt = base::Excerpt(response.body, kExcerptBytes);
  auto document = net::JsonDocument::Parse(std::move(response.body));
  if (!document.ok()) {
    return absl::InternalError(
        absl::StrFormat("answer is no JSON: %s", excerpt));
  }
  const auto code = document->root()["code"].AsInt64();
  if (!code) {
    return absl::InternalError(
        absl::StrFormat("answer has no \"code\": %s", excerpt));
  }
  Answer answer{*code, StringOr(document->root()["message"], ""),
                *std::move(document), response.on_new_connection};
  if (auto failed = StatusOfNode(answer)) return *failed;
  return answer;
}

absl::Status StatusOf(const Answer& answer) {
  switch (answer.code) {
    case kCodeOk:
      return absl::OkStatus();
    case -400:
      return absl::InvalidArgumentError(DescribeCode(answer));
    case kCodeNotFound:
      return absl::NotFoundError(DescribeCode(answer));
    case -409:
      return absl::FailedPreconditionError(DescribeCode(answer));
    default:
      return absl::InternalError(DescribeCode(answer));
  }
}

AppAnswers DecodeApps(const Answer& answer, std::string_view env) {
  AppAnswers answers;
  answer.data().ForEachMember([&](std::string_view app_id, JsonValue app) {
    absl::StatusOr<AppAnswer> decoded =
        DecodeApp(app, app_id, env, answers.dropped);
    if (decoded.ok()) {
      answers.apps.emplace(app_id, *std::move(decoded));
    } else {
      answers.malformed.emplace(app_id, decoded.status());
    }
  });
  return answers;
}

std::optional<StoredInstance> DecodeStored(const Answer& answer) {
  const JsonValue data = answer.data();
  const auto dirty_timestamp = data["dirty_timestamp"].AsInt64();
  if (!dirty_timestamp) return std::nullopt;
  StoredInstance stored;
  Dropped ignored;
  stored.addrs = DecodeAddrs(data["addrs"], ignored);
  std::sort(stored.addrs.begin(), stored.addrs.end());
  stored.version = StringOr(data["version"], "");
  stored.metadata = DecodeMetadata(data["metadata"]);
  stored.status = DecodeStatus(data["status"]);
  stored.dirty_timestamp = *dirty_timestamp;
  return stored;
}

std::vector<std::string> NodeUrls(const core::List& nodes) {
  std::vector<std::string> urls;
  for (const Instance& node : nodes.instances) {
    for (const std::string& addr : node.addrs) {
      const auto address = base::ParseAddress(addr);
      if (!address || address->scheme != "http") continue;
      urls.push_back(
          absl::StrFormat("http://%s", address->host_port.ToString()));
    }
  }
  return urls;
}

}  // namespace naming::discovery

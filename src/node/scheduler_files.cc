// SPDX-License-Identifier: Apache-2.0

#include "node/scheduler_files.h"

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "base/file.h"
#include "net/json.h"
#include "node/go_json.h"

namespace naming::node {
namespace {

namespace fs = std::filesystem;
using net::JsonValue;

constexpr std::size_t kMaxFileBytes = 1 << 20;

absl::Status Malformed(std::string_view cause) {
  return absl::InvalidArgumentError(std::string(cause));
}

// The form of now. Returns whether it is well formed.
bool ReadClients(JsonValue clients, ZoneWeights& weights) {
  bool is_good = true;
  clients.ForEachMember([&](std::string_view source, JsonValue client) {
    const JsonValue zones = client["zones"];
    is_good &= zones.is_object();
    auto& targets = weights[std::string(source)];
    zones.ForEachMember([&](std::string_view target, JsonValue zone) {
      const auto weight = zone["weight"].AsInt64();
      is_good &= weight.has_value();
      targets[std::string(target)] = weight.value_or(0);
    });
  });
  return is_good;
}

// The list of v1.1.x.
bool ReadList(JsonValue list, ZoneWeights& weights) {
  bool is_good = true;
  list.ForEachElement([&](JsonValue entry) {
    const auto source = entry["src"].AsString();
    const JsonValue destinations = entry["dst"];
    is_good &= source.has_value() && destinations.is_object();
    auto& targets = weights[std::string(source.value_or(""))];
    destinations.ForEachMember([&](std::string_view target, JsonValue value) {
      is_good &= value.AsInt64().has_value();
      targets[std::string(target)] = value.AsInt64().value_or(0);
    });
  });
  return is_good;
}

std::string EncodeList(const ZoneWeights& weights) {
  GoJsonWriter writer;
  writer.BeginArray();
  for (const auto& [source, targets] : weights) {
    writer.BeginObject();
    writer.Key("src");
    writer.String(source);
    writer.Key("dst");
    writer.BeginObject();
    for (const auto& [target, weight] : targets) {
      writer.Key(target);
      writer.Int64(weight);
    }
    writer.EndObject();
    writer.EndObject();
  }
  writer.EndArray();
  return writer.Take();
}

}  // namespace

absl::StatusOr<SchedulerFile> ParseSchedulerFile(std::string_view json) {
  const absl::StatusOr<net::JsonDocument> document =
      net::JsonDocument::ParseWhole(std::string(json));
  if (!document.ok()) return Malformed("no JSON");
  const JsonValue root = document->root();
  const auto app_id = root["app_id"].AsString();
  const auto env = root["env"].AsString();
  if (!app_id || app_id->empty()) return Malformed("no app_id");
  if (!env || env->empty()) return Malformed("no env");
  SchedulerFile file;
  file.app = {std::string(*env), std::string(*app_id)};
  if (const JsonValue clients = root["clients"]; clients.is_object()) {
    if (!ReadClients(clients, file.weights)) return Malformed("bad clients");
    return file;
  }
  for (const std::string_view name : {"zones", "clients", "scheduler"}) {
    const JsonValue list = root[name];
    if (!list.is_array()) continue;
    if (!ReadList(list, file.weights)) {
      return Malformed(absl::StrFormat("bad %s", name));
    }
    return file;
  }
  return Malformed("no clients");
}

std::string EncodeScheduler(const ZoneWeights& weights, Quirks quirks) {
  if (quirks.listed_scheduler()) return EncodeList(weights);
  GoJsonWriter writer;
  writer.BeginObject();
  writer.Key("clients");
  writer.BeginObject();
  for (const auto& [source, targets] : weights) {
    writer.Key(source);
    writer.BeginObject();
    writer.Key("zones");
    writer.BeginObject();
    for (const auto& [target, weight] : targets) {
      writer.Key(target);
      writer.BeginObject();
      writer.Key("weight");
      writer.Int64(weight);
      writer.EndObject();
    }
    writer.EndObject();
    writer.EndObject();
  }
  writer.EndObject();
  // The real server never shows what the file says.
  writer.Key("remark");
  writer.String("");
  writer.EndObject();
  return writer.Take();
}

absl::StatusOr<SchedulerFiles> ReadSchedulerFiles(const std::string& directory,
                                                  Quirks quirks) {
  std::error_code error;
  std::vector<fs::path> paths;
  for (fs::directory_iterator it(directory, error), end; !error && it != end;
       it.increment(error)) {
    if (it->path().extension() == ".json") paths.push_back(it->path());
  }
  if (error) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s: %s", directory, error.message()));
  }
  std::sort(paths.begin(), paths.end());
  SchedulerFiles files;
  for (const fs::path& path : paths) {
    const absl::StatusOr<std::string> text =
        base::ReadFile(path.string(), kMaxFileBytes);
    const absl::StatusOr<SchedulerFile> file =
        text.ok() ? ParseSchedulerFile(*text)
                  : absl::StatusOr<SchedulerFile>(text.status());
    if (file.ok()) {
      files.schedulers[file->app] = EncodeScheduler(file->weights, quirks);
    } else {
      files.malformed.push_back(absl::StrFormat(
          "%s: %s", path.string(), std::string(file.status().message())));
    }
  }
  return files;
}

}  // namespace naming::node

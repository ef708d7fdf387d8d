// SPDX-License-Identifier: Apache-2.0

#include "discovery/app_reader.h"

#include <optional>
#include <string>
#include <utility>

#include "core/zones.h"
#include "discovery/instance_text.h"
#include "net/json.h"

namespace naming::discovery {
namespace {

using net::JsonValue;

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

// Reads one application. Of members with one name the first counts.
class AppReader final {
 public:
  AppReader(net::JsonReader& reader, std::string_view app_id,
            std::string_view env, std::shared_ptr<const Snapshot> present,
            Dropped& dropped)
      : reader_(reader),
        app_id_(app_id),
        env_(env),
        present_(std::move(present)),
        finder_(present_.get()),
        dropped_(dropped) {}

  absl::StatusOr<AppAnswer> Read() {
    const bool is_object = reader_.ForEachMember(
        [this](std::string_view name) { ReadMember(name); });
    if (!is_object) return absl::InternalError("data is no object");
    if (!version_.value_or(std::nullopt)) {
      return absl::InternalError("no \"latest_timestamp\"");
    }
    if (is_malformed_) {
      return absl::InternalError("\"instances\" is neither object nor array");
    }
    answer_.version = **version_;
    if (is_array_ && zone_instances_) {
      answer_.list.objects = *std::move(zone_instances_);
    }
    return std::move(answer_);
  }

 private:
  using Objects = Snapshot::Instances;

  void ReadMember(std::string_view name) {
    if (name == "instances" && !std::exchange(has_instances_, true)) {
      ReadInstances();
    } else if (name == "zone_instances" &&
               !std::exchange(has_zone_instances_, true)) {
      if (reader_.IsObject()) zone_instances_ = ReadZones();
    } else if (name == "scheduler" && !std::exchange(has_scheduler_, true)) {
      ReadScheduler();
    } else if (name == "latest_timestamp" && !version_) {
      version_ = reader_.ReadInt64();
    }
  }

  // An object zone → array at every public server; bilibili's inner one has a
  // plain array and the object beside it as `zone_instances`.
  void ReadInstances() {
    if (reader_.IsArray()) {
      is_array_ = true;
      ReadZone("", answer_.list.objects);
    } else if (reader_.IsObject()) {
      answer_.list.objects = ReadZones();
    } else {
      is_malformed_ = !reader_.IsNull();
    }
  }

  Objects ReadZones() {
    Objects objects;
    if (present_ != nullptr) objects.reserve(present_->size());
    reader_.ForEachMember(
        [&](std::string_view zone) { ReadZone(zone, objects); });
    return objects;
  }

  void ReadZone(std::string_view zone, Objects& objects) {
    reader_.ForEachElement([&] {
      auto instance = ReadInstance(zone);
      if (instance == nullptr) {
        ++dropped_.instances;
      } else {
        objects.push_back(std::move(instance));
      }
    });
  }

  // Returns null when it is no Instance of (app_id, env) that one could call.
  std::shared_ptr<const Instance> ReadInstance(std::string_view zone) {
    discovery::Read(reader_, text_);
    if (text_.app_id != app_id_ || text_.env != env_) return nullptr;
    if (!text_.zone) text_.zone = zone;
    auto present = finder_.Find(*text_.zone, text_.hostname.value_or(""));
    if (present != nullptr && Equals(text_, *present)) return present;
    dropped_.addresses += TidyAddrs(text_);
    if (text_.addrs.empty()) return nullptr;
    if (present != nullptr && Equals(text_, *present)) return present;
    return MakeInstance(text_);
  }

  // A few lines that hardly any application has.
  void ReadScheduler() {
    const auto document = net::JsonDocument::Parse(std::string(reader_.Skip()));
    if (!document.ok()) return;  // And so is the rest.
    DecodeScheduleObject(document->root(), answer_.list.schedule);
    DecodeScheduleArray(document->root(), answer_.list.schedule);
  }

  net::JsonReader& reader_;
  const std::string_view app_id_;
  const std::string_view env_;
  const std::shared_ptr<const Snapshot> present_;
  core::Finder finder_;
  Dropped& dropped_;
  InstanceText text_;
  AppAnswer answer_;
  std::optional<Objects> zone_instances_;
  std::optional<std::optional<std::int64_t>> version_;
  bool has_instances_ = false;
  bool is_array_ = false;
  bool is_malformed_ = false;
  bool has_zone_instances_ = false;
  bool has_scheduler_ = false;
};

}  // namespace

absl::StatusOr<AppAnswer> ReadApp(net::JsonReader& reader,
                                  std::string_view app_id, std::string_view env,
                                  std::shared_ptr<const Snapshot> present,
                                  Dropped& dropped) {
  return AppReader(reader, app_id, env, std::move(present), dropped).Read();
}

}  // namespace naming::discovery

// SPDX-License-Identifier: Apache-2.0

#include "core/snapshot_file.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "base/text.h"
#include "base/url.h"
#include "net/json.h"

namespace naming::core {
namespace {

using net::JsonValue;
using net::JsonWriter;
using std::chrono::milliseconds;
using std::chrono::system_clock;

constexpr std::string_view kMagic = "naming-snapshot ";
constexpr std::string_view kVersion = "1 ";
constexpr std::size_t kChecksumDigits = 16;

// Of times, in ms: a system_clock counts nanoseconds in an int64.
constexpr std::int64_t kMaxTime = 9'000'000'000'000;

// FNV-1a: any byte that is changed alone is noticed, and nearly all else.
std::uint64_t Hash(std::string_view text) {
  std::uint64_t hash = 14695981039346656037ull;
  for (const char c : text) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ull;
  }
  return hash;
}

std::string Checksum(std::string_view text) {
  return absl::StrFormat("%016x", Hash(text));
}

absl::Status Damaged(std::string_view what) {
  return absl::InternalError(absl::StrFormat("damaged: %s", what));
}

// Writes strings, and remembers whether all were UTF-8.
class Writer final {
 public:
  void Field(std::string_view name, std::string_view value) {
    Key(name);
    String(value);
  }

  void Key(std::string_view name) {
    is_utf8_ = is_utf8_ && base::IsValidUtf8(name);
    json_.Key(is_utf8_ ? name : "");
  }

  void String(std::string_view value) {
    is_utf8_ = is_utf8_ && base::IsValidUtf8(value);
    json_.String(is_utf8_ ? value : "");
  }

  JsonWriter& json() { return json_; }
  bool is_utf8() const { return is_utf8_; }

 private:
  JsonWriter json_;
  bool is_utf8_ = true;
};

void Write(const Instance& instance, Writer& writer) {
  JsonWriter& json = writer.json();
  json.BeginObject();
  writer.Field("hostname", instance.hostname);
  writer.Field("region", instance.region);
  writer.Field("zone", instance.zone);
  writer.Field("env", instance.env);
  writer.Field("version", instance.version);
  writer.Field("status", ToString(instance.status));
  json.Key("addrs");
  json.BeginArray();
  for (const std::string& addr : instance.addrs) writer.String(addr);
  json.EndArray();
  json.Key("metadata");
  json.BeginObject();
  for (const auto& [key, value] : instance.metadata) writer.Field(key, value);
  json.EndObject();
  json.EndObject();
}

void Write(const Schedule& schedule, Writer& writer) {
  JsonWriter& json = writer.json();
  json.BeginObject();
  for (const auto& [client_zone, weights] : schedule.clients) {
    writer.Key(client_zone);
    json.BeginObject();
    for (const auto& [zone, weight] : weights) {
      writer.Key(zone);
      json.Int64(weight);
    }
    json.EndObject();
  }
  json.EndObject();
}

// Reads the members of an object, and remembers whether all were there.
class Reader final {
 public:
  explicit Reader(JsonValue object) : object_(object) {}

  std::string String(std::string_view name) {
    const auto value = object_[name].AsString();
    is_good_ = is_good_ && value.has_value();
    return std::string(value.value_or(""));
  }

  bool is_good() const { return is_good_; }

 private:
  const JsonValue object_;
  bool is_good_ = true;
};

bool ReadAddrs(JsonValue value, std::vector<std::string>& addrs) {
  bool is_good = value.is_array();
  value.ForEachElement([&](JsonValue element) {
    const auto addr = element.AsString();
    is_good = is_good && addr.has_value();
    addrs.emplace_back(addr.value_or(""));
  });
  return is_good;
}

bool ReadMetadata(JsonValue value,
                  std::map<std::string, std::string>& metadata) {
  bool is_good = value.is_object();
  value.ForEachMember([&](std::string_view key, JsonValue member) {
    const auto text = member.AsString();
    is_good = is_good && text.has_value() &&
              metadata.emplace(key, text.value_or("")).second;
  });
  return is_good;
}

std::optional<Instance> ReadInstance(JsonValue value, std::string_view app_id) {
  Reader reader(value);
  Instance instance;
  instance.app_id = std::string(app_id);
  instance.hostname = reader.String("hostname");
  instance.region = reader.String("region");
  instance.zone = reader.String("zone");
  instance.env = reader.String("env");
  instance.version = reader.String("version");
  const std::string status = reader.String("status");
  if (status == ToString(Instance::Status::kWaiting)) {
    instance.status = Instance::Status::kWaiting;
  } else if (status != ToString(Instance::Status::kUp)) {
    return std::nullopt;
  }
  if (!reader.is_good() || !ReadAddrs(value["addrs"], instance.addrs) ||
      !ReadMetadata(value["metadata"], instance.metadata)) {
    return std::nullopt;
  }
  return instance;
}

// Only in the order in which they are written: so none comes twice.
bool ReadInstances(JsonValue value, Snapshot& snapshot) {
  bool is_good = value.is_array();
  value.ForEachElement([&](JsonValue element) {
    if (!is_good) return;
    auto instance = ReadInstance(element, snapshot.app_id);
    if (!instance || (!snapshot.zones.empty() &&
                      instance->zone < snapshot.zones.rbegin()->first)) {
      is_good = false;
      return;
    }
    Snapshot::Instances& zone = snapshot.zones[instance->zone];
    is_good = zone.empty() || zone.back()->hostname < instance->hostname;
    zone.push_back(std::make_shared<const Instance>(*std::move(instance)));
  });
  return is_good;
}

bool ReadSchedule(JsonValue value, Schedule& schedule) {
  bool is_good = value.is_object();
  value.ForEachMember([&](std::string_view client_zone, JsonValue client) {
    const auto [it, is_new] =
        schedule.clients.emplace(client_zone, Schedule::ZoneWeights());
    is_good = is_good && is_new && client.is_object();
    client.ForEachMember(
        [&, &weights = it->second](std::string_view zone, JsonValue weight) {
          const auto number = weight.AsInt64();
          is_good = is_good && number.has_value() &&
                    weights.emplace(zone, number.value_or(0)).second;
        });
  });
  return is_good;
}

// Returns what follows the first line, which is checked.
absl::StatusOr<std::string_view> ReadHeader(std::string_view text) {
  if (text.substr(0, kMagic.size()) != kMagic) {
    return absl::InternalError("not a snapshot file");
  }
  text.remove_prefix(kMagic.size());
  if (text.substr(0, kVersion.size()) != kVersion) {
    const std::string_view version = text.substr(0, text.find(' '));
    return absl::InternalError(absl::StrFormat(
        "of version %s, which isn't known here", base::Excerpt(version, 20)));
  }
  text.remove_prefix(kVersion.size());
  const std::string_view checksum = text.substr(0, kChecksumDigits);
  if (text.size() <= kChecksumDigits || text[kChecksumDigits] != '\n') {
    return Damaged("the first line is cut short");
  }
  text.remove_prefix(kChecksumDigits + 1);
  if (Checksum(text) != checksum) return Damaged("the checksum is wrong");
  return text;
}

}  // namespace

bool operator==(const SavedSnapshot& a, const SavedSnapshot& b) {
  return a.scope == b.scope && a.snapshot == b.snapshot;
}

absl::StatusOr<std::string> EncodeSnapshot(const SavedSnapshot& saved) {
  const Snapshot& snapshot = saved.snapshot;
  const auto saved_at = std::chrono::floor<milliseconds>(
      snapshot.stale_since.value_or(system_clock::time_point::min()));
  const std::int64_t time = saved_at.time_since_epoch().count();
  if (time < 0 || time > kMaxTime) {
    return absl::InternalError("the time is out of range");
  }
  Writer writer;
  JsonWriter& json = writer.json();
  json.BeginObject();
  writer.Field("scope", saved.scope);
  writer.Field("app_id", snapshot.app_id);
  json.Key("saved_at");
  json.Int64(time);
  json.Key("instances");
  json.BeginArray();
  for (const auto& [zone, instances] : snapshot.zones) {
    for (const auto& instance : instances) Write(*instance, writer);
  }
  json.EndArray();
  json.Key("schedule");
  Write(snapshot.schedule, writer);
  json.EndObject();
  if (!writer.is_utf8()) return absl::InternalError("a text isn't UTF-8");
  return SealSnapshot(json.text() + "\n");
}

absl::StatusOr<SavedSnapshot> DecodeSnapshot(std::string_view text) {
  const absl::StatusOr<std::string_view> body = ReadHeader(text);
  if (!body.ok()) return body.status();
  const auto document = net::JsonDocument::ParseWhole(std::string(*body));
  if (!document.ok()) {
    return Damaged(std::string(document.status().message()));
  }
  const JsonValue root = document->root();
  SavedSnapshot saved;
  Reader reader(root);
  saved.scope = reader.String("scope");
  saved.snapshot.app_id = reader.String("app_id");
  const std::int64_t time = root["saved_at"].AsInt64().value_or(-1);
  if (!reader.is_good() || time < 0 || time > kMaxTime) {
    return Damaged("scope, app_id or saved_at is wrong");
  }
  saved.snapshot.stale_since = system_clock::time_point(milliseconds(time));
  if (!ReadInstances(root["instances"], saved.snapshot)) {
    return Damaged("an instance is wrong");
  }
  if (!ReadSchedule(root["schedule"], saved.snapshot.schedule)) {
    return Damaged("the schedule is wrong");
  }
  return saved;
}

std::string SealSnapshot(std::string_view body) {
  return absl::StrFormat("%s%s%s\n%s", kMagic, kVersion, Checksum(body), body);
}

// The readable part needn't be unique: the hash is, which sees case as well.
std::string SnapshotFileName(std::string_view scope, std::string_view app_id) {
  constexpr std::size_t kMaxReadable = 90;
  std::string readable = base::PercentEncode(app_id);
  std::replace(readable.begin(), readable.end(), '~', '_');
  if (readable.size() > kMaxReadable) readable.resize(kMaxReadable);
  if (!readable.empty() && readable.front() == '.') readable.front() = '_';
  const std::uint64_t hash =
      Hash(absl::StrFormat("%d %s %s", scope.size(), scope, app_id));
  return absl::StrFormat("%s-%016x.snapshot", readable, hash);
}

}  // namespace naming::core

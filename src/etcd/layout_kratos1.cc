// SPDX-License-Identifier: Apache-2.0
// Kratos v1: /<prefix>/<appid>/<hostname> → Instance.

#include <utility>

#include "absl/strings/str_format.h"
#include "base/url.h"
#include "etcd/fields.h"
#include "etcd/layout.h"
#include "net/go_json.h"
#include "net/json.h"

namespace naming::etcd {
namespace {

class Kratos1Layout final : public LayoutCodec {
 public:
  explicit Kratos1Layout(const ClientOptions& options)
      : options_(options),
        prefix_("/" + PrefixOr(options.prefix, kKratos1Prefix)) {}

  // Kratos puts the key again every 30 s, under a new lease.
  std::chrono::seconds ttl() const override { return std::chrono::seconds(90); }

  absl::Status Check(const Instance&) const override {
    return absl::OkStatus();
  }

  std::vector<Record> Encode(const Instance& instance,
                             const Stamp& stamp) const override {
    return {{absl::StrFormat("%s/%s/%s", prefix_, instance.app_id,
                             instance.hostname),
             EncodeKratos1(instance, stamp.time_ns)}};
  }

  std::vector<std::string> Prefixes(std::string_view app_id) const override {
    return {absl::StrFormat("%s/%s/", prefix_, app_id)};
  }

  absl::StatusOr<std::optional<Instance>> Decode(
      std::string_view app_id, const Record& record) const override {
    auto instance = DecodeKratos1(record.value);
    if (!instance.ok()) return instance.status();
    if (instance->app_id != app_id) return std::optional<Instance>();
    if (instance->hostname.empty()) {
      instance->hostname = record.key.substr(record.key.rfind('/') + 1);
    }
    return Finish(options_, *std::move(instance));
  }

 private:
  const ClientOptions options_;
  const std::string prefix_;
};

}  // namespace

std::string EncodeKratos1(const Instance& instance, std::int64_t time_ns) {
  net::GoJsonWriter json;
  json.BeginObject();
  for (const auto& [name, value] :
       {std::pair<std::string_view, const std::string&>("region",
                                                        instance.region),
        {"zone", instance.zone},
        {"env", instance.env},
        {"appid", instance.app_id},
        {"hostname", instance.hostname}}) {
    json.Key(name);
    json.String(value);
  }
  json.Key("addrs");
  json.BeginArray();
  for (const std::string& addr : instance.addrs) json.String(addr);
  json.EndArray();
  json.Key("version");
  json.String(instance.version);
  json.Key("latest_timestamp");
  json.Int64(time_ns);
  json.Key("metadata");
  if (instance.metadata.empty()) {
    json.Null();
  } else {
    json.BeginObject();
    for (const auto& [key, value] : instance.metadata) {
      json.Key(key);
      json.String(value);
    }
    json.EndObject();
  }
  json.Key("status");
  json.Int64(static_cast<std::int64_t>(instance.status));
  json.EndObject();
  return json.Take();
}

absl::StatusOr<Instance> DecodeKratos1(std::string_view value) {
  const auto document = net::JsonDocument::ParseWhole(std::string(value));
  if (!document.ok()) return document.status();
  Instance instance;
  std::vector<std::string> addrs;
  std::int64_t timestamp = 0;
  std::int64_t status = 0;
  FieldReader reader(document->root());
  reader.Read("region", instance.region);
  reader.Read("zone", instance.zone);
  reader.Read("env", instance.env);
  reader.Read("appid", instance.app_id);
  reader.Read("hostname", instance.hostname);
  reader.Read("addrs", addrs);
  reader.Read("version", instance.version);
  reader.Read("latest_timestamp", timestamp);
  reader.Read("metadata", instance.metadata);
  reader.Read("status", status);
  if (!reader.status().ok()) return reader.status();
  for (const std::string& addr : addrs) {
    const auto address = base::ParseAddress(addr);
    if (!address) continue;
    instance.addrs.push_back(absl::StrFormat("%s://%s", address->scheme,
                                             address->host_port.ToString()));
  }
  // Programs that leave it 0 mean that they are there.
  instance.status = status == static_cast<int>(Instance::Status::kWaiting)
                        ? Instance::Status::kWaiting
                        : Instance::Status::kUp;
  return instance;
}

std::unique_ptr<LayoutCodec> MakeKratos1Layout(const ClientOptions& options) {
  return std::make_unique<Kratos1Layout>(options);
}

}  // namespace naming::etcd

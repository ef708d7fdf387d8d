// SPDX-License-Identifier: Apache-2.0
// Kratos v2 and v3: <namespace>/<name>/<id> → ServiceInstance.

#include <array>
#include <cstddef>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/url.h"
#include "etcd/fields.h"
#include "etcd/layout.h"
#include "net/go_json.h"
#include "net/json.h"

namespace naming::etcd {
namespace {

// What Go's strconv.ParseBool takes for true.
bool IsTrue(std::string_view text) {
  constexpr std::array<std::string_view, 6> kTrue = {"1",    "t",    "T",
                                                     "TRUE", "true", "True"};
  for (const std::string_view value : kTrue) {
    if (text == value) return true;
  }
  return false;
}

// "grpc://h:p?isSecure=true", as before Kratos 2.4, means "grpcs://h:p".
std::optional<std::string> AddressOf(const std::string& endpoint) {
  auto address = base::ParseAddress(endpoint);
  if (!address) return std::nullopt;
  const std::size_t mark = endpoint.find('?');
  if (mark != std::string::npos) {
    const auto query =
        base::ParseQuery(std::string_view(endpoint).substr(mark + 1));
    for (const auto& [name, value] : query.value_or(base::Parameters())) {
      const bool is_plain = address->scheme.back() != 's';
      if (name == "isSecure" && IsTrue(value) && is_plain) {
        address->scheme += 's';
      }
    }
  }
  return absl::StrFormat("%s://%s", address->scheme,
                         address->host_port.ToString());
}

class KratosLayout final : public LayoutCodec {
 public:
  explicit KratosLayout(const ClientOptions& options)
      : options_(options),
        prefix_("/" + PrefixOr(options.prefix, kKratosPrefix)) {}

  std::chrono::seconds ttl() const override { return std::chrono::seconds(15); }

  absl::Status Check(const Instance& instance) const override {
    return CheckIsUp("kratos", instance);
  }

  std::vector<Record> Encode(const Instance& instance,
                             const Stamp&) const override {
    net::GoJsonWriter json;
    json.BeginObject();
    json.Key("id");
    json.String(instance.hostname);
    json.Key("name");
    json.String(instance.app_id);
    json.Key("version");
    json.String(instance.version);
    json.Key("metadata");
    WriteMetadata(instance, json);
    json.Key("endpoints");
    json.BeginArray();
    for (const std::string& addr : instance.addrs) json.String(addr);
    json.EndArray();
    json.EndObject();
    return {{absl::StrFormat("%s/%s/%s", prefix_, instance.app_id,
                             instance.hostname),
             json.Take()}};
  }

  std::vector<std::string> Prefixes(std::string_view app_id) const override {
    return {absl::StrFormat("%s/%s/", prefix_, app_id)};
  }

  absl::StatusOr<std::optional<Instance>> Decode(
      std::string_view app_id, const Record& record) const override {
    const auto document = net::JsonDocument::ParseWhole(record.value);
    if (!document.ok()) return document.status();
    Instance instance;
    std::vector<std::string> endpoints;
    FieldReader reader(document->root());
    reader.Read("id", instance.hostname);
    reader.Read("name", instance.app_id);
    reader.Read("version", instance.version);
    reader.Read("metadata", instance.metadata);
    reader.Read("endpoints", endpoints);
    if (!reader.status().ok()) return reader.status();
    // user/ is also how the keys of user/v2 begin.
    if (instance.app_id != app_id) return std::optional<Instance>();
    if (instance.hostname.empty()) {
      instance.hostname = record.key.substr(record.key.rfind('/') + 1);
    }
    for (const std::string& endpoint : endpoints) {
      if (auto addr = AddressOf(endpoint)) {
        instance.addrs.push_back(*std::move(addr));
      }
    }
    return Finish(options_, std::move(instance));
  }

 private:
  static void WriteMetadata(const Instance& instance, net::GoJsonWriter& json) {
    std::map<std::string, std::string> metadata = instance.metadata;
    if (!instance.zone.empty()) {
      metadata.emplace(kMetadataZone, instance.zone);
    }
    if (metadata.empty()) return json.Null();
    json.BeginObject();
    for (const auto& [key, value] : metadata) {
      json.Key(key);
      json.String(value);
    }
    json.EndObject();
  }

  const ClientOptions options_;
  const std::string prefix_;
};

}  // namespace

std::unique_ptr<LayoutCodec> MakeKratosLayout(const ClientOptions& options) {
  return std::make_unique<KratosLayout>(options);
}

}  // namespace naming::etcd

// SPDX-License-Identifier: Apache-2.0
// etcd's own naming/endpoints: <target>/<anything> → {"Op","Addr","Metadata"}.

#include <string>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/text.h"
#include "base/url.h"
#include "etcd/fields.h"
#include "etcd/layout.h"
#include "net/go_json.h"
#include "net/json.h"

namespace naming::etcd {
namespace {

// Keys of Metadata that hold what the layout has no field for. They are written
// only where they say more than the address.
constexpr char kHostname[] = "naming.hostname";
constexpr char kVersion[] = "naming.version";
constexpr char kAddrs[] = "naming.addrs";

// An Instance's metadata that is any JSON but an object of strings.
constexpr char kRaw[] = "grpc.metadata";

// The legacy way to say that an address is gone.
constexpr std::int64_t kOpDelete = 1;

std::string JoinAddrs(const std::vector<std::string>& parts) {
  std::string joined;
  for (const std::string& part : parts) {
    if (!joined.empty()) joined += ",";
    joined += part;
  }
  return joined;
}

// Takes the value of `key` out of `metadata`; "": it has none.
std::string Take(std::map<std::string, std::string>& metadata,
                 const std::string& key) {
  const auto node = metadata.extract(key);
  return node ? std::move(node.mapped()) : std::string();
}

class GrpcLayout final : public LayoutCodec {
 public:
  explicit GrpcLayout(const ClientOptions& options)
      : options_(options), prefix_(PrefixOr(options.prefix, "")) {
    if (!prefix_.empty()) prefix_ += '/';
  }

  std::chrono::seconds ttl() const override { return std::chrono::seconds(15); }

  absl::Status Check(const Instance& instance) const override {
    const auto raw = instance.metadata.find(kRaw);
    if (raw == instance.metadata.end()) return CheckIsUp("grpc", instance);
    if (!net::JsonDocument::ParseWhole(raw->second).ok()) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "instance.metadata[\"%s\"]: must be one JSON value", kRaw));
    }
    if (MetadataOf(instance).size() > 1) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "instance.metadata[\"%s\"]: leaves no place for other metadata, a "
          "zone, a version, a hostname or further addresses",
          kRaw));
    }
    return CheckIsUp("grpc", instance);
  }

  std::vector<Record> Encode(const Instance& instance,
                             const Stamp&) const override {
    net::GoJsonWriter json;
    json.BeginObject();
    json.Key("Op");
    json.Int64(0);
    json.Key("Addr");
    json.String(DialAddressOf(instance).value_or(""));
    json.Key("Metadata");
    WriteMetadata(instance, json);
    json.EndObject();
    return {{absl::StrFormat("%s%s/%s", prefix_, instance.app_id,
                             instance.hostname),
             json.Take()}};
  }

  std::vector<std::string> Prefixes(std::string_view app_id) const override {
    return {absl::StrFormat("%s%s/", prefix_, app_id)};
  }

  absl::StatusOr<std::optional<Instance>> Decode(
      std::string_view app_id, const Record& record) const override {
    const auto document = net::JsonDocument::ParseWhole(record.value);
    if (!document.ok()) return document.status();
    std::int64_t op = 0;
    std::string addr;
    FieldReader reader(document->root());
    reader.Read("Op", op);
    reader.Read("Addr", addr);
    if (!reader.status().ok()) return reader.status();
    if (op == kOpDelete || addr.empty()) return std::optional<Instance>();
    const auto host_port = base::ParseHostPort(addr);
    if (!host_port || host_port->port == 0) {
      return absl::InternalError(absl::StrFormat(
          "\"Addr\" isn't \"host:port\": \"%s\"", base::Excerpt(addr, 100)));
    }
    Instance instance;
    instance.app_id = std::string(app_id);
    ReadMetadata(reader.Member("Metadata"), record.value, instance);
    if (instance.hostname.empty()) instance.hostname = host_port->ToString();
    if (instance.addrs.empty()) {
      instance.addrs = {absl::StrFormat("grpc://%s", host_port->ToString())};
    }
    return Finish(options_, std::move(instance));
  }

  std::optional<std::string> HostnameOf(
      const Instance& instance) const override {
    return DialAddressOf(instance);
  }

 private:
  // All that the address doesn't tell.
  static std::map<std::string, std::string> MetadataOf(
      const Instance& instance) {
    const std::string addr = DialAddressOf(instance).value_or("");
    std::map<std::string, std::string> metadata = instance.metadata;
    if (instance.hostname != addr) metadata[kHostname] = instance.hostname;
    if (!instance.version.empty()) metadata[kVersion] = instance.version;
    if (!instance.zone.empty()) metadata.emplace(kMetadataZone, instance.zone);
    const std::string addrs = JoinAddrs(instance.addrs);
    if (addrs != "grpc://" + addr) metadata[kAddrs] = addrs;
    return metadata;
  }

  static void WriteMetadata(const Instance& instance, net::GoJsonWriter& json) {
    const std::map<std::string, std::string> metadata = MetadataOf(instance);
    if (metadata.empty()) return json.Null();
    const auto raw = metadata.find(kRaw);
    if (raw != metadata.end()) return json.Raw(raw->second);
    json.BeginObject();
    for (const auto& [key, value] : metadata) {
      json.Key(key);
      json.String(value);
    }
    json.EndObject();
  }

  static void ReadMetadata(net::JsonValue value, std::string_view json,
                           Instance& instance) {
    if (!value.exists()) return;
    if (!ReadStringMap(value, instance.metadata)) {
      instance.metadata = {{kRaw, RawMember(json, "Metadata")}};
      return;
    }
    instance.hostname = Take(instance.metadata, kHostname);
    instance.version = Take(instance.metadata, kVersion);
    const std::string addrs = Take(instance.metadata, kAddrs);
    if (addrs.empty()) return;
    for (const std::string_view addr : base::Split(addrs, ',')) {
      if (base::ParseAddress(addr)) instance.addrs.emplace_back(addr);
    }
  }

  const ClientOptions options_;
  std::string prefix_;  // Empty, or with a slash at its end.
};

}  // namespace

std::unique_ptr<LayoutCodec> MakeGrpcLayout(const ClientOptions& options) {
  return std::make_unique<GrpcLayout>(options);
}

}  // namespace naming::etcd

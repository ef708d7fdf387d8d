// SPDX-License-Identifier: Apache-2.0
// go-zero: <Key>/<lease id> → host:port. With options.details_prefix also
// <details_prefix>/<Key>/<lease id> → an Instance as Kratos v1 writes it.

#include <utility>

#include "absl/strings/str_format.h"
#include "base/text.h"
#include "base/url.h"
#include "etcd/layout.h"

namespace naming::etcd {
namespace {

class GoZeroLayout final : public LayoutCodec {
 public:
  explicit GoZeroLayout(const ClientOptions& options)
      : options_(options),
        prefix_(WithSlash(PrefixOr(options.prefix, ""))),
        details_prefix_(WithSlash(PrefixOr(options.details_prefix, ""))) {}

  std::chrono::seconds ttl() const override { return std::chrono::seconds(10); }

  absl::Status Check(const Instance& instance) const override {
    return CheckIsUp("gozero", instance);
  }

  std::vector<Record> Encode(const Instance& instance,
                             const Stamp& stamp) const override {
    std::vector<Record> records;
    records.push_back(
        {absl::StrFormat("%s%s/%d", prefix_, instance.app_id, stamp.lease),
         DialAddressOf(instance).value_or("")});
    if (!details_prefix_.empty()) {
      records.push_back({details_prefix_ + records.front().key,
                         EncodeKratos1(instance, stamp.time_ns)});
    }
    return records;
  }

  std::vector<std::string> Prefixes(std::string_view app_id) const override {
    std::vector<std::string> prefixes = {
        absl::StrFormat("%s%s/", prefix_, app_id)};
    if (!details_prefix_.empty()) {
      prefixes.push_back(details_prefix_ + prefixes.front());
    }
    return prefixes;
  }

  absl::StatusOr<std::optional<Instance>> Decode(
      std::string_view app_id, const Record& record) const override {
    if (IsDetails(app_id, record.key)) {
      auto instance = DecodeKratos1(record.value);
      if (!instance.ok()) return instance.status();
      if (instance->app_id != app_id) return std::optional<Instance>();
      return Finish(options_, *std::move(instance));
    }
    const auto host_port = base::ParseHostPort(record.value);
    if (!host_port || host_port->port == 0) {
      return absl::InternalError(absl::StrFormat(
          "not \"host:port\": \"%s\"", base::Excerpt(record.value, 100)));
    }
    Instance instance;
    instance.app_id = std::string(app_id);
    instance.hostname = host_port->ToString();
    instance.addrs = {absl::StrFormat("grpc://%s", instance.hostname)};
    return Finish(options_, std::move(instance));
  }

  // Details count only beside the key that go-zero reads, and then for it.
  void Join(std::string_view app_id,
            std::map<std::string, const Instance*>& by_key) const override {
    if (details_prefix_.empty()) return;
    std::map<std::string, const Instance*> joined;
    for (const auto& [key, instance] : by_key) {
      if (IsDetails(app_id, key)) continue;
      const auto details = by_key.find(details_prefix_ + key);
      joined.emplace(key, details == by_key.end() ? instance : details->second);
    }
    by_key = std::move(joined);
  }

  std::optional<std::string> HostnameOf(
      const Instance& instance) const override {
    return DialAddressOf(instance);
  }

 private:
  static std::string WithSlash(std::string prefix) {
    if (!prefix.empty()) prefix += '/';
    return prefix;
  }

  bool IsDetails(std::string_view app_id, std::string_view key) const {
    if (details_prefix_.empty()) return false;
    const std::string prefix =
        absl::StrFormat("%s%s%s/", details_prefix_, prefix_, app_id);
    return key.substr(0, prefix.size()) == prefix;
  }

  const ClientOptions options_;
  const std::string prefix_;          // Empty, or with a slash at its end.
  const std::string details_prefix_;  // The same.
};

}  // namespace

std::unique_ptr<LayoutCodec> MakeGoZeroLayout(const ClientOptions& options) {
  return std::make_unique<GoZeroLayout>(options);
}

}  // namespace naming::etcd

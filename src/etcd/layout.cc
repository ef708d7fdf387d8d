// SPDX-License-Identifier: Apache-2.0

#include "etcd/layout.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/text.h"
#include "base/url.h"

namespace naming::etcd {

void LayoutCodec::Join(std::string_view,
                       std::map<std::string, const Instance*>&) const {}

std::optional<std::string> LayoutCodec::HostnameOf(const Instance&) const {
  return std::nullopt;
}

std::unique_ptr<LayoutCodec> MakeLayout(const ClientOptions& options) {
  switch (options.layout) {
    case Layout::kKratos:
      return MakeKratosLayout(options);
    case Layout::kGoZero:
      return MakeGoZeroLayout(options);
    case Layout::kKratos1:
      return MakeKratos1Layout(options);
    case Layout::kGrpc:
      return MakeGrpcLayout(options);
  }
  return nullptr;
}

std::string PrefixOr(std::string_view prefix, std::string_view default_prefix) {
  while (!prefix.empty() && prefix.front() == '/') prefix.remove_prefix(1);
  while (!prefix.empty() && prefix.back() == '/') prefix.remove_suffix(1);
  if (prefix.empty()) prefix = default_prefix;
  return std::string(prefix);
}

std::optional<std::string> DialAddressOf(const Instance& instance) {
  std::optional<std::string> first;
  for (const std::string& addr : instance.addrs) {
    const auto address = base::ParseAddress(addr);
    if (!address) continue;
    std::string host_port = address->host_port.ToString();
    if (address->scheme == "grpc" || address->scheme == "grpcs") {
      return host_port;
    }
    if (!first) first = std::move(host_port);
  }
  return first;
}

absl::Status CheckIsUp(std::string_view name, const Instance& instance) {
  if (instance.status == Instance::Status::kUp) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrFormat(
      "instance.status: must be up: the layout %s can't say that it is waiting",
      name));
}

absl::StatusOr<std::optional<Instance>> Finish(const ClientOptions& options,
                                               Instance instance) {
  const auto zone = instance.metadata.find(std::string(kMetadataZone));
  if (zone != instance.metadata.end() && instance.zone.empty()) {
    instance.zone = zone->second;
    instance.metadata.erase(zone);
  }
  // What has no zone is as near as what is in the own.
  if (instance.zone.empty()) instance.zone = options.zone;
  // What Go reads is read: an address that can't be used costs the others
  // nothing, and metadata may be any.
  auto& addrs = instance.addrs;
  std::string bad;
  addrs.erase(std::remove_if(addrs.begin(), addrs.end(),
                             [&bad](const std::string& addr) {
                               if (base::ParseAddress(addr)) return false;
                               bad = addr;
                               return true;
                             }),
              addrs.end());
  if (addrs.empty()) {
    return absl::InternalError(bad.empty()
                                   ? "it has no address"
                                   : absl::StrFormat("\"%s\" isn't an address",
                                                     base::Excerpt(bad, 100)));
  }
  Instance checked = instance;
  checked.metadata.clear();
  const absl::Status status = Validate(checked);
  if (!status.ok()) return absl::InternalError(std::string(status.message()));
  return std::optional<Instance>(std::move(instance));
}

}  // namespace naming::etcd

// SPDX-License-Identifier: Apache-2.0

#include "naming/endpoint.h"

#include <optional>
#include <utility>

#include "base/check.h"
#include "base/url.h"

namespace naming {

absl::StatusOr<Endpoint> Endpoint::Create(
    std::string_view addr, std::shared_ptr<const Instance> instance) {
  if (instance == nullptr) {
    return absl::InvalidArgumentError("endpoint.instance: must not be null");
  }
  absl::Status status = base::CheckAddress("endpoint.addr", addr);
  if (!status.ok()) return status;
  const std::optional<base::Address> address = base::ParseAddress(addr);
  Endpoint endpoint;
  endpoint.scheme = address->scheme;
  endpoint.address = address->host_port.ToString();
  endpoint.weight = Weight(*instance);
  endpoint.zone = instance->zone;
  const auto color = instance->metadata.find(std::string(kMetadataColor));
  if (color != instance->metadata.end()) endpoint.color = color->second;
  endpoint.instance = std::move(instance);
  return endpoint;
}

bool operator==(const Endpoint& a, const Endpoint& b) {
  const bool same_instance =
      a.instance == b.instance ||
      (a.instance && b.instance && *a.instance == *b.instance);
  return same_instance && a.scheme == b.scheme && a.address == b.address &&
         a.weight == b.weight && a.zone == b.zone && a.color == b.color;
}

bool operator!=(const Endpoint& a, const Endpoint& b) { return !(a == b); }

}  // namespace naming

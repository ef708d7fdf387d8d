// SPDX-License-Identifier: Apache-2.0

#include "naming/endpoint.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <optional>
#include <utility>

#include "base/check.h"
#include "base/url.h"

namespace naming {
namespace {

// Kratos up to 2.4 marked TLS by a query, whose values are those of Go's
// ParseBool().
bool SaysSecure(std::string_view addr) {
  constexpr std::string_view kTrue[] = {"1", "t", "T", "TRUE", "true", "True"};
  const std::size_t mark = addr.find('?');
  if (mark == std::string_view::npos) return false;
  const auto parameters = base::ParseQuery(addr.substr(mark + 1));
  if (!parameters) return false;
  return std::any_of(parameters->begin(), parameters->end(),
                     [&kTrue](const auto& parameter) {
                       return parameter.first == "isSecure" &&
                              std::find(std::begin(kTrue), std::end(kTrue),
                                        parameter.second) != std::end(kTrue);
                     });
}

}  // namespace

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
  if (SaysSecure(addr)) endpoint.scheme += 's';
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

// SPDX-License-Identifier: Apache-2.0

#include "naming/instance.h"

#include <cstddef>
#include <optional>
#include <tuple>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/check.h"
#include "base/text.h"

namespace naming {
namespace {

constexpr int kDefaultWeight = 10;
constexpr int kMaxWeight = 1'000'000;

// Registries hold metadata in memory and send it with every list.
constexpr std::size_t kMaxMetadataBytes = std::size_t{64} << 10;

auto Fields(const Instance& instance) {
  return std::tie(instance.app_id, instance.hostname, instance.region,
                  instance.zone, instance.env, instance.addrs, instance.version,
                  instance.metadata, instance.status);
}

absl::Status ValidateAddrs(const Instance& instance) {
  if (instance.addrs.empty()) {
    return absl::InvalidArgumentError(
        "instance.addrs: must name at least one address");
  }
  for (std::size_t i = 0; i < instance.addrs.size(); ++i) {
    absl::Status status = base::CheckAddress(
        absl::StrFormat("instance.addrs[%d]", i), instance.addrs[i]);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status ValidateMetadata(const Instance& instance) {
  std::size_t bytes = 0;
  for (const auto& [key, value] : instance.metadata) {
    bytes += key.size() + value.size();
    if (key.empty()) {
      return absl::InvalidArgumentError(
          "instance.metadata: must not have an empty key");
    }
    if (!base::IsValidUtf8(key) || !base::IsValidUtf8(value)) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "instance.metadata[\"%s\"]: must be UTF-8", base::Excerpt(key, 100)));
    }
  }
  if (bytes > kMaxMetadataBytes) {
    return absl::InvalidArgumentError(
        "instance.metadata: must be at most 64 KiB in all");
  }
  return absl::OkStatus();
}

absl::Status ValidateStatus(const Instance& instance) {
  switch (instance.status) {
    case Instance::Status::kUp:
    case Instance::Status::kWaiting:
      return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrFormat("instance.status: must be up or waiting, is %d",
                      static_cast<int>(instance.status)));
}

}  // namespace

bool operator==(const Instance& a, const Instance& b) {
  return Fields(a) == Fields(b);
}

bool operator!=(const Instance& a, const Instance& b) { return !(a == b); }

std::string_view ToString(Instance::Status status) {
  switch (status) {
    case Instance::Status::kUp:
      return "up";
    case Instance::Status::kWaiting:
      return "waiting";
  }
  return "unknown";
}

absl::Status Validate(const Instance& instance) {
  for (const auto& status : {
           base::CheckName("instance.app_id", instance.app_id),
           base::CheckText("instance.hostname", instance.hostname),
           base::CheckText("instance.region", instance.region),
           base::CheckText("instance.zone", instance.zone),
           base::CheckText("instance.env", instance.env),
           ValidateAddrs(instance),
           base::CheckText("instance.version", instance.version),
           ValidateMetadata(instance),
           ValidateStatus(instance),
       }) {
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

int Weight(const Instance& instance) {
  const auto it = instance.metadata.find(std::string(kMetadataWeight));
  if (it == instance.metadata.end()) return kDefaultWeight;
  const std::optional<std::int64_t> weight = base::ParseInt64(it->second);
  if (!weight || *weight < 1 || *weight > kMaxWeight) return kDefaultWeight;
  return static_cast<int>(*weight);
}

}  // namespace naming

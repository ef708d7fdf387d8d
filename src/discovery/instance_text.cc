// SPDX-License-Identifier: Apache-2.0

#include "discovery/instance_text.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include "base/text.h"
#include "base/url.h"

namespace naming::discovery {
namespace {

using Pair = std::pair<std::string_view, std::string_view>;

void ReadAddrs(net::JsonReader& reader, std::vector<std::string_view>& addrs) {
  reader.ForEachElement([&] { addrs.push_back(reader.ReadText()); });
}

void ReadMetadata(net::JsonReader& reader, std::vector<Pair>& metadata) {
  bool is_sorted = true;
  reader.ForEachMember([&](std::string_view key) {
    const std::string_view value = reader.ReadText();
    if (value.data() == nullptr) return;
    is_sorted = is_sorted && (metadata.empty() || metadata.back().first < key);
    metadata.emplace_back(key, value);
  });
  if (is_sorted) return;
  std::stable_sort(
      metadata.begin(), metadata.end(),
      [](const Pair& a, const Pair& b) { return a.first < b.first; });
  metadata.erase(std::unique(metadata.begin(), metadata.end(),
                             [](const Pair& a, const Pair& b) {
                               return a.first == b.first;
                             }),
                 metadata.end());
}

// The members of an Instance in the order in which nodes send them.
enum Member : std::size_t {
  kRegion,
  kZone,
  kEnv,
  kAppId,
  kHostname,
  kAddrs,
  kVersion,
  kMetadata,
  kStatus,
  kRegTimestamp,
  kUpTimestamp,
  kRenewTimestamp,
  kDirtyTimestamp,
  kLatestTimestamp,
  kOther,
};
constexpr std::array<net::JsonName, kOther> kNames = {
    net::JsonName("region"),
    net::JsonName("zone"),
    net::JsonName("env"),
    net::JsonName("appid"),
    net::JsonName("hostname"),
    net::JsonName("addrs"),
    net::JsonName("version"),
    net::JsonName("metadata"),
    net::JsonName("status"),
    net::JsonName("reg_timestamp"),
    net::JsonName("up_timestamp"),
    net::JsonName("renew_timestamp"),
    net::JsonName("dirty_timestamp"),
    net::JsonName("latest_timestamp")};

// Returns where the text that `member` is belongs; null: it isn't one.
InstanceText::Text* TextOf(InstanceText& text, std::size_t member) {
  switch (member) {
    case kRegion:
      return &text.region;
    case kZone:
      return &text.zone;
    case kEnv:
      return &text.env;
    case kAppId:
      return &text.app_id;
    case kHostname:
      return &text.hostname;
    case kVersion:
      return &text.version;
    default:
      return nullptr;
  }
}

void ReadMember(net::JsonReader& reader, std::size_t member,
                InstanceText& text) {
  if (InstanceText::Text* const place = TextOf(text, member)) {
    const std::string_view value = reader.ReadText();
    if (value.data() != nullptr) place->emplace(value);
    return;
  }
  switch (member) {
    case kAddrs:
      ReadAddrs(reader, text.addrs);
      return;
    case kMetadata:
      ReadMetadata(reader, text.metadata);
      return;
    case kStatus:
      text.status = reader.ReadInt64();
      return;
    case kDirtyTimestamp:
      text.dirty_timestamp = reader.Skip();
      return;
    default:
      return;  // Skipped.
  }
}

// A string that is made takes the memory it needs, one that is assigned to
// takes some to grow.
std::string Owned(const InstanceText::Text& text) {
  return std::string(text.value_or(""));
}

}  // namespace

void Read(net::JsonReader& reader, InstanceText& text) {
  text.region = text.zone = text.env = text.app_id = text.hostname =
      text.version = std::nullopt;
  text.addrs.clear();
  text.metadata.clear();
  text.status = std::nullopt;
  text.dirty_timestamp = {};
  unsigned seen = 0;
  reader.ForEachMember(kNames, [&](std::size_t member) {
    const unsigned bit = 1U << member;
    if ((seen & bit) == 0) ReadMember(reader, member, text);
    seen |= bit;
  });
}

std::size_t TidyAddrs(InstanceText& text) {
  const bool is_tidy = std::all_of(
      text.addrs.begin(), text.addrs.end(), [](std::string_view addr) {
        return addr.find(',') == std::string_view::npos &&
               base::IsAddress(addr);
      });
  if (is_tidy) return 0;
  std::size_t dropped = 0;
  std::vector<std::string_view> tidy;
  tidy.reserve(text.addrs.size());
  for (std::string_view rest : text.addrs) {
    for (bool has_more = true; has_more;) {
      const std::size_t end = rest.find(',');
      has_more = end != std::string_view::npos;
      const std::string_view addr = base::Trim(rest.substr(0, end));
      if (base::IsAddress(addr)) {
        tidy.push_back(addr);
      } else {
        ++dropped;
      }
      if (has_more) rest.remove_prefix(end + 1);
    }
  }
  text.addrs = std::move(tidy);
  return dropped;
}

Instance::Status StatusOf(const InstanceText& text) {
  const bool is_up = (text.status.value_or(1) & 1) != 0;
  return is_up ? Instance::Status::kUp : Instance::Status::kWaiting;
}

std::vector<std::string> AddrsOf(const InstanceText& text) {
  return std::vector<std::string>(text.addrs.begin(), text.addrs.end());
}

std::map<std::string, std::string> MetadataOf(const InstanceText& text) {
  std::map<std::string, std::string> metadata;
  for (const auto& [key, value] : text.metadata) {
    metadata.emplace_hint(metadata.end(), key, value);
  }
  return metadata;
}

bool Equals(const InstanceText& text, const Instance& instance) {
  return instance.hostname == text.hostname.value_or("") &&
         instance.zone == text.zone.value_or("") &&
         instance.region == text.region.value_or("") &&
         instance.version == text.version.value_or("") &&
         instance.status == StatusOf(text) &&
         std::equal(text.addrs.begin(), text.addrs.end(),
                    instance.addrs.begin(), instance.addrs.end()) &&
         std::equal(text.metadata.begin(), text.metadata.end(),
                    instance.metadata.begin(), instance.metadata.end(),
                    [](const Pair& a, const auto& b) {
                      return a.first == b.first && a.second == b.second;
                    });
}

std::shared_ptr<const Instance> MakeInstance(const InstanceText& text) {
  auto instance = std::make_shared<Instance>();
  instance->app_id = Owned(text.app_id);
  instance->hostname = Owned(text.hostname);
  instance->region = Owned(text.region);
  instance->zone = Owned(text.zone);
  instance->env = Owned(text.env);
  instance->addrs = AddrsOf(text);
  instance->version = Owned(text.version);
  instance->metadata = MetadataOf(text);
  instance->status = StatusOf(text);
  return instance;
}

}  // namespace naming::discovery

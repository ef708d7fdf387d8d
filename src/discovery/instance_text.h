// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_DISCOVERY_INSTANCE_TEXT_H_
#define NAMING_DISCOVERY_INSTANCE_TEXT_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "naming/instance.h"
#include "net/json_reader.h"

namespace naming::discovery {

// One Instance as a node wrote it. The texts lie in the reader it came from.
//
// Thread-compatible.
struct InstanceText {
  using Text = std::optional<std::string_view>;  // Nothing: no string.

  Text region;
  Text zone;
  Text env;
  Text app_id;
  Text hostname;
  Text version;

  // As they were sent, until TidyAddrs().
  std::vector<std::string_view> addrs;

  // By key; what isn't a string is left out.
  std::vector<std::pair<std::string_view, std::string_view>> metadata;

  std::optional<std::int64_t> status;
  std::string_view dirty_timestamp;  // JSON of whatever type.
};

// Reads an Instance into `text`, whose memory is used again. Of members with
// one name the first counts.
void Read(net::JsonReader& reader, InstanceText& text);

// Splits addresses at commas (C-01) and drops what isn't "scheme://host:port".
// Returns how many that were.
std::size_t TidyAddrs(InstanceText& text);

// A mask on the wire; its lowest bit is "takes traffic".
Instance::Status StatusOf(const InstanceText& text);

std::vector<std::string> AddrsOf(const InstanceText& text);
std::map<std::string, std::string> MetadataOf(const InstanceText& text);

// Returns whether `instance` is what `text` says, app_id and env apart.
bool Equals(const InstanceText& text, const Instance& instance);

// Returns the Instance that `text` says; what it doesn't say is empty.
std::shared_ptr<const Instance> MakeInstance(const InstanceText& text);

}  // namespace naming::discovery

#endif  // NAMING_DISCOVERY_INSTANCE_TEXT_H_

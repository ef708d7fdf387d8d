// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_ETCD_FIELDS_H_
#define NAMING_ETCD_FIELDS_H_

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "net/json.h"

namespace naming::etcd {

// Reads the fields of a JSON object as Go's encoding/json does: a name counts
// whatever its case, an exact match first; what is missing or null leaves the
// field as it is; a wrong type spoils the whole.
//
// Thread-compatible.
class FieldReader final {
 public:
  // `object` lives as long as the reader is used.
  explicit FieldReader(net::JsonValue object);

  void Read(std::string_view name, std::string& field);
  void Read(std::string_view name, std::int64_t& field);
  void Read(std::string_view name, std::vector<std::string>& field);
  void Read(std::string_view name, std::map<std::string, std::string>& field);

  // Returns the member of that name; one that doesn't exist: missing, or null.
  net::JsonValue Member(std::string_view name) const;

  // Errors: kInternal, names the first field of a wrong type.
  const absl::Status& status() const { return status_; }

 private:
  void Spoil(std::string_view name, std::string_view type);

  const net::JsonValue object_;
  absl::Status status_;
};

// Returns whether `value` is an object of strings; then fills `map`.
bool ReadStringMap(net::JsonValue value,
                   std::map<std::string, std::string>& map);

// Returns the text of the member `name` of `json`, which is one whole object;
// "null" when it has none.
std::string RawMember(std::string_view json, std::string_view name);

}  // namespace naming::etcd

#endif  // NAMING_ETCD_FIELDS_H_

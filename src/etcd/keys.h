// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_ETCD_KEYS_H_
#define NAMING_ETCD_KEYS_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "etcd/layout.h"
#include "etcd/protocol.h"
#include "naming/instance.h"

namespace naming::etcd {

// The keys of one application as etcd has them, decoded.
//
// Thread-compatible.
class Keys final {
 public:
  // `layout` outlives it.
  Keys(const LayoutCodec& layout, std::string app_id);

  // Makes `answer` what there is. Returns whether that changed anything.
  bool Replace(RangeAnswer answer);

  // Applies what happened after that to the keys of a prefix, given by its
  // place among the layout's; what is known already is ignored. Returns whether
  // that changed anything.
  bool Apply(std::size_t prefix, const std::vector<Event>& events);

  // All events of a prefix up to `revision` have been applied.
  void Reached(std::size_t prefix, std::int64_t revision);

  // Returns the revision up to which all is known of a prefix; 0: nothing is.
  std::int64_t revision(std::size_t prefix) const {
    return revisions_.at(prefix);
  }

  // Returns the latest of them.
  std::int64_t revision() const;

  // Returns the Instances. Of several with one hostname all but the first are
  // told apart by their keys: "hostname@key". At the same addresses they are
  // one.
  std::vector<Instance> Instances() const;

  // Returns how many values can't be read.
  std::size_t bad_count() const { return bad_count_; }

  // Takes the messages of those that couldn't be read since the last call. What
  // stays bad in the same way when it is put again has none.
  std::vector<std::string> TakeComplaints();

 private:
  struct Entry {
    std::int64_t mod_revision = 0;
    std::string value;
    std::optional<Instance> instance;  // Of a bad value: what was read before.
    bool is_bad = false;
    std::string complaint;  // Of a bad value.
  };

  // `before`: the key's entry until now; may be null.
  Entry Decode(const KeyValue& kv, Entry* before);
  void Drop(std::map<std::string, Entry>::iterator it);

  const LayoutCodec& layout_;
  const std::string app_id_;
  std::vector<std::int64_t> revisions_;  // By prefix.
  std::map<std::string, Entry> entries_;
  std::size_t bad_count_ = 0;
  std::vector<std::string> complaints_;
};

}  // namespace naming::etcd

#endif  // NAMING_ETCD_KEYS_H_

// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_BASE_STATUS_MARK_H_
#define NAMING_BASE_STATUS_MARK_H_

#include <string_view>

#include "absl/status/status.h"
#include "absl/strings/cord.h"

namespace naming::base {

// Says of a status, between parts of the library, what its code doesn't. Taken
// off before a user sees the status.
class StatusMark final {
 public:
  // `name` is a literal, unique among marks.
  explicit constexpr StatusMark(const char* name) : name_(name) {}

  absl::Status PutOn(absl::Status status) const {
    status.SetPayload(name_, absl::Cord());
    return status;
  }

  bool IsOn(const absl::Status& status) const {
    return status.GetPayload(name_).has_value();
  }

  absl::Status TakeOff(absl::Status status) const {
    status.ErasePayload(name_);
    return status;
  }

 private:
  const char* name_;
};

// On the status of a request of which nothing left this machine: it can't have
// been executed.
inline constexpr StatusMark kUnsent{"naming.unsent"};

}  // namespace naming::base

#endif  // NAMING_BASE_STATUS_MARK_H_

// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_BASE_UNSENT_H_
#define NAMING_BASE_UNSENT_H_

#include <string_view>

#include "absl/status/status.h"
#include "absl/strings/cord.h"

namespace naming::base {

// A mark on the status of a request of which nothing left this machine: it
// can't have been executed. Taken off before a user sees the status.
inline constexpr std::string_view kUnsentMark = "naming.unsent";

inline absl::Status Unsent(absl::Status status) {
  status.SetPayload({kUnsentMark.data(), kUnsentMark.size()}, absl::Cord());
  return status;
}

inline bool IsUnsent(const absl::Status& status) {
  return status.GetPayload({kUnsentMark.data(), kUnsentMark.size()})
      .has_value();
}

inline absl::Status WithoutUnsentMark(absl::Status status) {
  status.ErasePayload({kUnsentMark.data(), kUnsentMark.size()});
  return status;
}

}  // namespace naming::base

#endif  // NAMING_BASE_UNSENT_H_

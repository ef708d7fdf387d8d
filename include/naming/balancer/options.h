// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_BALANCER_OPTIONS_H_
#define NAMING_BALANCER_OPTIONS_H_

#include <cstdint>
#include <optional>
#include <string>

#include "naming/export.h"

namespace naming::balancer {

// What every Balancer can be told.
//
// Thread-compatible. A value.
struct NAMING_EXPORT Options {
  // The color of this client; see PickOptions::color. Empty: none.
  std::string color = {};

  // Where chance comes from, and at which Endpoint turns begin: for tests that
  // want the same choices each time. Empty: another one each time.
  std::optional<std::uint64_t> seed = std::nullopt;
};

}  // namespace naming::balancer

#endif  // NAMING_BALANCER_OPTIONS_H_

// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_TESTS_FUZZ_PROPERTY_H_
#define NAMING_TESTS_FUZZ_PROPERTY_H_

#include <cstdio>
#include <cstdlib>

namespace naming::testing {

// Ends the program when a property doesn't hold, in every kind of build.
inline void Require(bool holds, const char* property) {
  if (holds) return;
  std::fprintf(stderr, "doesn't hold: %s\n", property);
  std::abort();
}

}  // namespace naming::testing

#endif  // NAMING_TESTS_FUZZ_PROPERTY_H_

// SPDX-License-Identifier: Apache-2.0
// Three what?
// error: could not convert|no matching function|cannot convert

#include <chrono>

#include "naming/resolver.h"

bool HasList(naming::Resolver& resolver) {
#ifdef MISUSE
  return resolver.Fetch(3).ok();
#else
  return resolver.Fetch(std::chrono::seconds(3)).ok();
#endif
}

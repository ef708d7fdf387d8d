// SPDX-License-Identifier: Apache-2.0
// A Snapshot is shared with everybody else who holds it.
// error: discards qualifiers

#include <chrono>
#include <cstddef>

#include "naming/resolver.h"

std::size_t Clear(naming::Resolver& resolver) {
  const auto snapshot = resolver.Fetch(std::chrono::seconds(3));
  if (!snapshot.ok()) return 0;
#ifdef MISUSE
  (*snapshot)->zones.clear();
#endif
  return (*snapshot)->zones.size();
}

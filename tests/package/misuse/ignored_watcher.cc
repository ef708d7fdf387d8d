// SPDX-License-Identifier: Apache-2.0
// A Watcher that nobody keeps ends at once: the callback would never come.
// error: unused-result

#include "naming/resolver.h"

naming::Watcher Follow(naming::Resolver& resolver) {
#ifdef MISUSE
  resolver.Watch([](const auto&) {});
#endif
  return resolver.Watch([](const auto&) {});
}

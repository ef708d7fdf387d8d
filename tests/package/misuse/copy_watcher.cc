// SPDX-License-Identifier: Apache-2.0
// Two handles would each end the same subscription.
// error: use of deleted function

#include <utility>

#include "naming/watcher.h"

void Replace(naming::Watcher& watcher, naming::Watcher& other) {
#ifdef MISUSE
  watcher = other;
#else
  watcher = std::move(other);
#endif
}

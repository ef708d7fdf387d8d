// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_WATCHER_H_
#define NAMING_WATCHER_H_

#include <functional>

#include "naming/export.h"

namespace naming {

// Handle on a subscription; Resolver::Watch() returns it.
//
// Destroying it, or assigning to it, ends the subscription: afterwards its
// callback isn't running and never will. From within that callback the
// destructor returns at once; elsewhere it waits for a call that is running.
//
// Thread-compatible. Movable; moved-from, it follows nothing. May outlive the
// Resolver and the Client that it came from.
class [[nodiscard]] NAMING_EXPORT Watcher {
 public:
  // Follows nothing.
  Watcher() = default;

  // For implementers of Resolver: `stop` is called once, to end the
  // subscription as said above.
  explicit Watcher(std::function<void()> stop);

  Watcher(Watcher&& other) noexcept;
  Watcher& operator=(Watcher&& other) noexcept;
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;
  ~Watcher();

 private:
  std::function<void()> stop_;
};

}  // namespace naming

#endif  // NAMING_WATCHER_H_

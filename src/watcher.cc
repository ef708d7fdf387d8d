// SPDX-License-Identifier: Apache-2.0

#include "naming/watcher.h"

#include <utility>

namespace naming {

Watcher::Watcher(std::function<void()> stop) : stop_(std::move(stop)) {}

// A moved-from std::function need not be empty; an exchanged one is.
Watcher::Watcher(Watcher&& other) noexcept
    : stop_(std::exchange(other.stop_, nullptr)) {}

Watcher& Watcher::operator=(Watcher&& other) noexcept {
  if (this == &other) return *this;
  const std::function<void()> stop =
      std::exchange(stop_, std::exchange(other.stop_, nullptr));
  if (stop) stop();
  return *this;
}

Watcher::~Watcher() {
  if (stop_) stop_();
}

}  // namespace naming

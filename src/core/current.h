// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_CORE_CURRENT_H_
#define NAMING_CORE_CURRENT_H_

#include <array>
#include <cstddef>
#include <memory>
#include <utility>

#include "base/reclaim.h"
#include "base/thread_record.h"
#include "naming/snapshot.h"

namespace naming::core {

// The Snapshot that a Topic shows, to be had without waiting.
//
// Thread-safe: Get() at any time, Set() by one thread at a time.
class Current final {
 public:
  // Returns the Snapshot; null before the first Set().
  std::shared_ptr<const Snapshot> Get() const {
    const base::ReadSection section;
    const Copies* const copies = copies_.Get();
    if (copies == nullptr) return nullptr;
    return (*copies)[section.record().number % kCopies].snapshot;
  }

  // Returns what is to be given to base::Retire(); may be null.
  [[nodiscard]] std::shared_ptr<const void> Set(
      const std::shared_ptr<const Snapshot>& snapshot) {
    auto copies = std::make_unique<Copies>();
    for (Copy& copy : *copies) {
      auto owner =
          std::make_shared<const std::shared_ptr<const Snapshot>>(snapshot);
      const Snapshot* const shown = owner->get();
      copy.snapshot = std::shared_ptr<const Snapshot>(std::move(owner), shown);
    }
    return copies_.Exchange(std::move(copies));
  }

 private:
  // The count of a shared_ptr is what threads would contend for: so there are
  // several with a count of their own, and each thread always takes the same.
  static constexpr std::size_t kCopies = 8;
  struct alignas(64) Copy {
    std::shared_ptr<const Snapshot> snapshot;
  };
  using Copies = std::array<Copy, kCopies>;

  base::Guarded<Copies> copies_;
};

}  // namespace naming::core

#endif  // NAMING_CORE_CURRENT_H_

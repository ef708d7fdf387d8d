// SPDX-License-Identifier: Apache-2.0

#include "base/reclaim.h"

#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "base/mutex.h"

namespace naming::base {
namespace {

struct Retired {
  std::shared_ptr<const void> object;
  std::uint64_t epoch;     // Sections entered since don't lead to it.
  bool is_synced = false;  // Those entered before are seen by now.
};

// What waits to be freed in this process. Lives for ever.
struct Limbo {
  Mutex mutex;
  std::vector<Retired> retired ABSL_GUARDED_BY(mutex);
  std::vector<Holdable*> dropped ABSL_GUARDED_BY(mutex);
};

Limbo& TheLimbo() {
  static Limbo& limbo = *new Limbo;
  return limbo;
}

// A child process must find the mutex unlocked.
void LockLimbo() ABSL_NO_THREAD_SAFETY_ANALYSIS { TheLimbo().mutex.Lock(); }
void UnlockLimbo() ABSL_NO_THREAD_SAFETY_ANALYSIS { TheLimbo().mutex.Unlock(); }

void WatchForks() {
  static const int at_fork =
      pthread_atfork(&LockLimbo, &UnlockLimbo, &UnlockLimbo);
  static_cast<void>(at_fork);
}

// Returns the epoch of the oldest section that is open, of all threads but
// `except`.
std::uint64_t OldestSection(const ThreadRecord* except) {
  std::uint64_t oldest = UINT64_MAX;
  for (const ThreadRecord* record = AllRecords(); record != nullptr;
       record = record->next) {
    const std::uint64_t section = record->section.load();
    if (section != 0 && record != except) oldest = std::min(oldest, section);
  }
  return oldest;
}

// Lets go of what nobody uses. Returns the epoch of the oldest section of other
// threads.
std::uint64_t ReclaimAndLook() {
  std::vector<std::shared_ptr<const void>> free;
  Limbo& limbo = TheLimbo();
  // Objects are let go of without the lock.
  MutexLock lock(limbo.mutex);
  std::vector<Retired>& retired = limbo.retired;
  if (retired.empty()) return UINT64_MAX;
  if (!retired.back().is_synced) {
    if (!SyncThreads()) return UINT64_MAX;
    for (Retired& entry : retired) entry.is_synced = true;
  }
  const std::uint64_t oldest = OldestSection(nullptr);
  const auto used = std::find_if(
      retired.begin(), retired.end(),
      [oldest](const Retired& entry) { return entry.epoch > oldest; });
  for (auto it = retired.begin(); it != used; ++it) {
    free.push_back(std::move(it->object));
  }
  retired.erase(retired.begin(), used);
  return OldestSection(OwnRecord());
}

}  // namespace

void Retire(std::shared_ptr<const void> object) {
  WatchForks();
  std::uint64_t now = 0;
  {
    Limbo& limbo = TheLimbo();
    MutexLock lock(limbo.mutex);
    now = epoch.fetch_add(kEpoch) + kEpoch;
    limbo.retired.push_back({std::move(object), now});
  }
  // A section lasts nanoseconds, unless its thread has lost the processor.
  constexpr int kSpins = 200;
  constexpr int kSleeps = 40;
  for (int i = 0; ReclaimAndLook() < now && i < kSpins + kSleeps; ++i) {
    if (i >= kSpins)
      std::this_thread::sleep_for(std::chrono::microseconds(250));
  }
}

void Reclaim() { ReclaimAndLook(); }

bool Holdable::IsHeld() const {
  for (const ThreadRecord* record = AllRecords(); record != nullptr;
       record = record->next) {
    for (const ThreadRecord::Hold& hold : record->holds) {
      if (hold.object.load() == this) return true;
    }
  }
  return false;
}

void Holdable::Uncount() {
  if (count_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
}

void Holdable::Drop() {
  Limbo& limbo = TheLimbo();
  {
    MutexLock lock(limbo.mutex);
    if (IsHeld()) {
      for (ThreadRecord* record = AllRecords(); record != nullptr;
           record = record->next) {
        for (ThreadRecord::Hold& hold : record->holds) {
          if (hold.object.load() == this) hold.is_awaited.store(true);
        }
      }
      // Who gave it back before, and saw nobody waiting, is seen now.
      if (!SyncThreads() || IsHeld()) {
        limbo.dropped.push_back(this);
        return;
      }
    }
  }
  Uncount();
}

void Holdable::LetGoAwaited(ThreadRecord::Hold& hold, const void* object) {
  Holdable* last = nullptr;
  {
    Limbo& limbo = TheLimbo();
    MutexLock lock(limbo.mutex);
    std::vector<Holdable*>& dropped = limbo.dropped;
    const auto find = [&dropped](const void* wanted) {
      return std::find_if(
          dropped.begin(), dropped.end(),
          [wanted](const Holdable* candidate) { return candidate == wanted; });
    };
    const auto it = find(object);
    if (it != dropped.end() && !(*it)->IsHeld()) {
      last = *it;
      dropped.erase(it);
    }
    // Another holder may have the place by now, and be awaited itself.
    if (find(hold.object.load()) == dropped.end()) hold.is_awaited.store(false);
  }
  if (last != nullptr) last->Uncount();
}

}  // namespace naming::base

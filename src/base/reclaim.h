// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_BASE_RECLAIM_H_
#define NAMING_BASE_RECLAIM_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

#include "base/thread_record.h"

// Freeing what other threads may be reading, off their threads. How it works
// and why it is safe: docs/wait-free-read.md.
namespace naming::base {

// Lets go of `object`, which nobody can reach any more, when every read section
// that is open now has been left. Waits for those a few milliseconds; what is
// still in use then is let go of by a later call of this function or of
// Reclaim(), for whatever object. May be called within a section, for which it
// doesn't wait.
void Retire(std::shared_ptr<const void> object);

// Lets go of what has been retired and is in use no more. Never waits.
void Reclaim();

// A pointer to an immutable object: threads read it without waiting, one
// replaces it.
//
// Thread-safe, Replace() and destroying apart: one thread at a time. Destroying
// it retires the object.
template <class T>
class Guarded final {
 public:
  Guarded() = default;
  ~Guarded() { Replace(nullptr); }
  Guarded(const Guarded&) = delete;
  Guarded& operator=(const Guarded&) = delete;

  // Returns the object, or null. Only to be called, and the result only to be
  // used, within a read section.
  const T* Get() const { return object_.load(std::memory_order_seq_cst); }

  void Replace(std::unique_ptr<const T> object) {
    std::shared_ptr<const void> old = Exchange(std::move(object));
    if (old != nullptr) Retire(std::move(old));
  }

  // The same, but leaves it to the caller to Retire() what is returned, if it
  // isn't null: to do that without a lock.
  [[nodiscard]] std::shared_ptr<const void> Exchange(
      std::unique_ptr<const T> object) {
    return std::unique_ptr<const T>(object_.exchange(object.release()));
  }

 private:
  std::atomic<const T*> object_{nullptr};
};

// An object that read sections lead to, and that may be used after them: held
// by the thread's record, which costs no atomic operation, or else counted.
//
// Made for one owner, who calls Drop() once when no new section can find it.
// Deletes itself after that, when nobody holds it any more.
class Holdable {
 public:
  Holdable(const Holdable&) = delete;
  Holdable& operator=(const Holdable&) = delete;

  // Holds the object, which must have been found in the section that `record`
  // is in. Returns what to give to LetGo().
  std::uintptr_t Hold(ThreadRecord& record);

  // On any thread. Deletes the object when it was the last.
  void LetGo(std::uintptr_t hold);

  void Drop();

 protected:
  Holdable() = default;
  virtual ~Holdable() = default;

 private:
  static void LetGoAwaited(ThreadRecord::Hold& hold, const void* object);
  bool IsHeld() const;
  void Uncount();

  // The owner, and who found no place in its record.
  std::atomic<std::int64_t> count_{1};
};

inline std::uintptr_t Holdable::Hold(ThreadRecord& record) {
  // The place alone tells who gives it back; only this thread takes places.
  if (__builtin_expect(light_record == &record, 1)) {
    for (ThreadRecord::Hold& hold : record.holds) {
      if (hold.object.load(std::memory_order_acquire) == nullptr) {
        hold.object.store(this, std::memory_order_release);
        return reinterpret_cast<std::uintptr_t>(&hold);
      }
    }
  }
  count_.fetch_add(1, std::memory_order_relaxed);
  return 0;
}

inline void Holdable::LetGo(std::uintptr_t place) {
  if (place == 0) return Uncount();
  auto& hold = *reinterpret_cast<ThreadRecord::Hold*>(place);
  const void* const object = this;
  hold.object.store(nullptr, std::memory_order_release);
  // From here on `this` may be gone. Pairs with SyncThreads() in Drop().
  std::atomic_signal_fence(std::memory_order_seq_cst);
  if (__builtin_expect(hold.is_awaited.load(std::memory_order_relaxed), 0)) {
    LetGoAwaited(hold, object);
  }
}

}  // namespace naming::base

#endif  // NAMING_BASE_RECLAIM_H_

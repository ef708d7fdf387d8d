// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_BASE_THREAD_RECORD_H_
#define NAMING_BASE_THREAD_RECORD_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace naming::base {

// What one thread writes and those that reclaim memory read; why that is safe:
// docs/wait-free-read.md. Never freed: a thread that starts takes the record of
// one that has ended.
struct alignas(64) ThreadRecord {
  // An object that is in use by whoever got hold of it on this thread. Given
  // out by the thread, given back by any.
  struct Hold {
    std::atomic<const void*> object{nullptr};
    // Who gives it back has to tell the reclaimer.
    std::atomic<bool> is_awaited{false};
  };

  // A counter of `owner`, an id that is never used again. There are only so
  // many places: an owner finds its own by its id, and may find another's
  // there. That one's turn is kept among the further ones then, if there are
  // any yet.
  struct Turn {
    std::atomic<std::uint64_t> owner{0};
    std::atomic<std::uint64_t> value{0};
  };

  static constexpr std::size_t kTurns = 64;
  static constexpr std::size_t kFurtherTurns = 1024;
  using FurtherTurns = std::array<Turn, kFurtherTurns>;

  // Zero outside of read sections. Inside, the epoch in which the outermost one
  // was entered, plus the depth less one.
  std::atomic<std::uint64_t> section{0};

  std::atomic<bool> is_used{false};
  // Used for one section by a thread that is ending; free when that has ended.
  std::atomic<bool> is_orphan{false};
  // Set before others see the record:
  ThreadRecord* next = nullptr;
  std::uint32_t number = 0;  // Counts the records.

  // The thread's own, for choices that no turn decides.
  std::atomic<std::uint64_t> chance{0};

  std::array<Hold, 8> holds;
  std::array<Turn, kTurns> turns;
  // Null until more groups than there are places are chosen from on the thread;
  // never freed.
  std::atomic<FurtherTurns*> further_turns{nullptr};
};

// A stay in a read section: what was reachable at any time since Enter() is not
// freed before Leave(). Sections may be nested, and entered by a signal handler
// of a thread that has entered one before.
struct Section {
  ThreadRecord* record;
  std::uint64_t after;  // What to store when leaving.
};

// The record of this thread, where entering needs no fence; else null.
//
// `__thread`, because C++'s has a wrapper; the model costs 8 bytes of the space
// that loaders reserve for this, and saves a call.
extern __thread ThreadRecord* light_record
    __attribute__((tls_model("initial-exec")));

// Counts what was retired, in steps of kEpoch from kEpoch on; written by who
// retires.
inline constexpr std::uint64_t kEpoch = 1 << 16;
extern std::atomic<std::uint64_t> epoch;

// Enters within another section, without a record, or with a fence.
Section EnterSlowly();

// Whether this thread is in no section, and enters one without a fence.
[[gnu::always_inline]] inline bool IsPlain() {
  const ThreadRecord* const record = light_record;
  return record != nullptr &&
         record->section.load(std::memory_order_relaxed) == 0;
}

// Enters if IsPlain(). No store depends on what was loaded from the record,
// which the last section has just stored: the processor needn't wait for that.
[[gnu::always_inline]] inline Section EnterPlainly() {
  ThreadRecord* const record = light_record;
  record->section.store(epoch.load(std::memory_order_acquire),
                        std::memory_order_release);
  // The other half of this fence is the membarrier in SyncThreads().
  std::atomic_signal_fence(std::memory_order_seq_cst);
  return Section{record, 0};
}

// Wait-free, from a thread's second call on.
[[gnu::always_inline]] inline Section Enter() {
  if (__builtin_expect(IsPlain(), 1)) return EnterPlainly();
  return EnterSlowly();
}

inline void Leave(const Section& section) {
  section.record->section.store(section.after, std::memory_order_release);
}

// A read section for a scope.
class ReadSection final {
 public:
  ReadSection() : section_(Enter()) {}
  ~ReadSection() { Leave(section_); }
  ReadSection(const ReadSection&) = delete;
  ReadSection& operator=(const ReadSection&) = delete;

  ThreadRecord& record() const { return *section_.record; }

 private:
  const Section section_;
};

// The records of all threads, linked by `next`.
ThreadRecord* AllRecords();

// The record of this thread; null when it has none.
const ThreadRecord* OwnRecord();

// Afterwards, whoever entered a section before is seen in it, and whoever
// enters one sees what the caller did before. Returns false when the kernel
// refuses to do it any more: then nothing may be freed.
bool SyncThreads();

// Whether sections are entered without a fence: the kernel has membarrier.
bool IsLight();

}  // namespace naming::base

#endif  // NAMING_BASE_THREAD_RECORD_H_

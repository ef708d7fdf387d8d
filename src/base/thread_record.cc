// SPDX-License-Identifier: Apache-2.0

#include "base/thread_record.h"

#include <linux/membarrier.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace naming::base {

__thread ThreadRecord* light_record = nullptr;
std::atomic<std::uint64_t> epoch{kEpoch};

namespace {

std::atomic<ThreadRecord*> all_records{nullptr};

// The same as `light_record`, or the record of a thread that needs fences.
__thread ThreadRecord* own_record = nullptr;
__thread bool is_ending = false;

long Membarrier(int command) { return syscall(SYS_membarrier, command, 0, 0); }

bool Register() {
  return Membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED) == 0;
}

// Gives the record back when its thread ends. A thread_local object and not a
// pthread key, because it keeps the library loaded until then.
struct RecordReturn {
  ~RecordReturn() {
    is_ending = true;
    light_record = nullptr;
    ThreadRecord* const record = own_record;
    own_record = nullptr;
    if (record != nullptr) {
      record->is_used.store(false, std::memory_order_release);
    }
  }
  bool is_set = false;
};

// Only the forking thread is there in the child: the sections of the others
// never end, and mean nothing.
void ForgetOtherThreads() {
  for (ThreadRecord* record = AllRecords(); record != nullptr;
       record = record->next) {
    if (record == own_record) continue;
    record->section.store(0);
    record->is_orphan.store(false);
    record->is_used.store(false);
  }
}

// Takes the record of a section of a thread that is ending, when that is over.
bool TakeOrphan(ThreadRecord& record) {
  if (!record.is_orphan.load(std::memory_order_acquire) ||
      record.section.load(std::memory_order_acquire) != 0) {
    return false;
  }
  bool expected = true;
  if (!record.is_orphan.compare_exchange_strong(expected, false,
                                                std::memory_order_acq_rel)) {
    return false;
  }
  // Between the look and the exchange another may have taken it, entered a
  // section and left the record an orphan again.
  if (record.section.load(std::memory_order_acquire) == 0) return true;
  record.is_orphan.store(true, std::memory_order_release);
  return false;
}

bool Take(ThreadRecord& record) {
  bool expected = false;
  if (!record.is_used.load(std::memory_order_relaxed) &&
      record.is_used.compare_exchange_strong(expected, true,
                                             std::memory_order_acq_rel)) {
    return true;
  }
  return TakeOrphan(record);
}

ThreadRecord* TakeRecord() {
  for (ThreadRecord* record = AllRecords(); record != nullptr;
       record = record->next) {
    if (Take(*record)) return record;
  }
  static const int at_fork =
      pthread_atfork(nullptr, nullptr, &ForgetOtherThreads);
  static_cast<void>(at_fork);
  static std::atomic<std::uint32_t> records{0};
  auto* const record = new ThreadRecord;
  record->number = records++;
  record->is_used.store(true, std::memory_order_relaxed);
  record->next = all_records.load(std::memory_order_relaxed);
  while (!all_records.compare_exchange_weak(record->next, record,
                                            std::memory_order_acq_rel)) {
  }
  return record;
}

// With a fence: a read-modify-write, and not a fence that TSan doesn't know.
Section EnterFenced(ThreadRecord* record) {
  const std::uint64_t before = record->section.load(std::memory_order_relaxed);
  record->section.exchange(before == 0 ? epoch.load() : before + 1);
  return Section{record, before};
}

// A thread that has given its record back is ending; what it runs then are
// destructors of thread_local objects.
Section EnterEnding() {
  ThreadRecord* const record = TakeRecord();
  const Section section = EnterFenced(record);
  record->is_orphan.store(true, std::memory_order_release);
  return section;
}

}  // namespace

bool IsLight() {
  static const bool is_light = Register();
  return is_light;
}

Section EnterSlowly() {
  if (is_ending) return EnterEnding();
  if (own_record == nullptr) {
    static thread_local RecordReturn record_return;
    record_return.is_set = true;
    own_record = TakeRecord();
    if (IsLight()) light_record = own_record;
  }
  return EnterFenced(own_record);
}

ThreadRecord* AllRecords() {
  return all_records.load(std::memory_order_acquire);
}

const ThreadRecord* OwnRecord() { return own_record; }

bool SyncThreads() {
  // Fenced sections and the caller's atomics are sequentially consistent.
  if (!IsLight()) return true;
  if (Membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED) == 0) return true;
  // A child process may have to register again.
  return Register() && Membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED) == 0;
}

}  // namespace naming::base

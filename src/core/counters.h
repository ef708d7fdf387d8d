// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_CORE_COUNTERS_H_
#define NAMING_CORE_COUNTERS_H_

#include <atomic>
#include <cstdint>

#include "naming/client_stats.h"

namespace naming::core {

// A number that only grows. Thread-safe; orders nothing else.
class Counter final {
 public:
  void Add(std::uint64_t count = 1) {
    value_.fetch_add(count, std::memory_order_relaxed);
  }
  std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

// What becomes ClientStats, where each field is explained.
//
// Thread-safe.
struct Counters {
  Counter requests;
  Counter failed_requests;
  Counter decode_errors;
  Counter bytes_sent;
  Counter bytes_received;
  Counter failovers;
  Counter polls;
  Counter pushes;
  Counter refreshes;
  Counter snapshots;
  Counter suppressed_shrinks;
  Counter dropped_addresses;
  Counter dropped_instances;
  Counter registrations;
  Counter reregistrations;
  Counter renewals;
  Counter failed_renewals;
  Counter drift_repairs;
  Counter snapshot_files_loaded;
  Counter snapshot_files_ignored;
  Counter snapshot_files_written;
  Counter failed_snapshot_files;
  Counter dropped_events;

  ClientStats Stats() const;
};

}  // namespace naming::core

#endif  // NAMING_CORE_COUNTERS_H_

// SPDX-License-Identifier: Apache-2.0

#include "core/counters.h"

namespace naming::core {

ClientStats Counters::Stats() const {
  ClientStats stats;
  stats.requests = requests.value();
  stats.failed_requests = failed_requests.value();
  stats.decode_errors = decode_errors.value();
  stats.bytes_sent = bytes_sent.value();
  stats.bytes_received = bytes_received.value();
  stats.failovers = failovers.value();
  stats.polls = polls.value();
  stats.pushes = pushes.value();
  stats.refreshes = refreshes.value();
  stats.snapshots = snapshots.value();
  stats.suppressed_shrinks = suppressed_shrinks.value();
  stats.dropped_addresses = dropped_addresses.value();
  stats.dropped_instances = dropped_instances.value();
  stats.registrations = registrations.value();
  stats.reregistrations = reregistrations.value();
  stats.renewals = renewals.value();
  stats.failed_renewals = failed_renewals.value();
  stats.drift_repairs = drift_repairs.value();
  stats.snapshot_files_loaded = snapshot_files_loaded.value();
  stats.snapshot_files_ignored = snapshot_files_ignored.value();
  stats.snapshot_files_written = snapshot_files_written.value();
  stats.failed_snapshot_files = failed_snapshot_files.value();
  stats.dropped_events = dropped_events.value();
  return stats;
}

}  // namespace naming::core

// SPDX-License-Identifier: Apache-2.0

#include "naming/client_stats.h"

#include <tuple>

namespace naming {
namespace {

auto Tie(const ClientStats& s) {
  return std::tie(s.requests, s.failed_requests, s.decode_errors, s.bytes_sent,
                  s.bytes_received, s.failovers, s.polls, s.pushes, s.refreshes,
                  s.snapshots, s.suppressed_shrinks, s.dropped_addresses,
                  s.dropped_instances, s.registrations, s.reregistrations,
                  s.renewals, s.failed_renewals, s.drift_repairs,
                  s.snapshot_files_loaded, s.snapshot_files_ignored,
                  s.snapshot_files_written, s.failed_snapshot_files,
                  s.dropped_events);
}

}  // namespace

bool operator==(const ClientStats& a, const ClientStats& b) {
  return Tie(a) == Tie(b);
}

bool operator!=(const ClientStats& a, const ClientStats& b) {
  return !(a == b);
}

}  // namespace naming

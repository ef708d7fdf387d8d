// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_CLIENT_STATS_H_
#define NAMING_CLIENT_STATS_H_

#include <cstdint>

#include "naming/export.h"

namespace naming {

// What a Client has counted since it was made. Nothing is ever set back; each
// number is exact, but they aren't read at one instant.
//
// Thread-compatible. A value.
struct NAMING_EXPORT ClientStats {
  // --- Talking to nodes ---

  // Requests of any kind, and those that got no usable answer: not connected,
  // cut off, out of time, refused by the node as such, or not even sent because
  // the node says nothing.
  std::uint64_t requests = 0;
  std::uint64_t failed_requests = 0;

  // Answers, or parts of them, that aren't what the protocol says.
  std::uint64_t decode_errors = 0;

  // Of requests and of answers, what the transport adds not included.
  std::uint64_t bytes_sent = 0;
  std::uint64_t bytes_received = 0;

  // Times that another node took over from one that failed.
  std::uint64_t failovers = 0;

  // --- Resolving ---

  // Requests that a node holds until something changes, and the answers to them
  // that brought lists.
  std::uint64_t polls = 0;
  std::uint64_t pushes = 0;

  // Requests for whole lists: first ones, and repeated ones that see to it that
  // nothing is missed.
  std::uint64_t refreshes = 0;

  // Snapshots published: changes of an application that Watchers are told of.
  std::uint64_t snapshots = 0;

  // Times that a list was kept from shrinking; see ShrinkPolicy.
  std::uint64_t suppressed_shrinks = 0;

  // Addresses in lists that can't be dialled, counted in each list that has
  // them; and Instances that are left out for want of one, or because they
  // belong elsewhere.
  std::uint64_t dropped_addresses = 0;
  std::uint64_t dropped_instances = 0;

  // --- Registering ---

  // Times that the registry took an Instance, updates included; and those among
  // them because it had lost it.
  std::uint64_t registrations = 0;
  std::uint64_t reregistrations = 0;

  // Times that a registration was kept alive, and attempts at it that failed
  // after they had been sent to a node.
  std::uint64_t renewals = 0;
  std::uint64_t failed_renewals = 0;

  // Times that the registry held something else than what was registered,
  // because somebody had changed it, and that was put right.
  std::uint64_t drift_repairs = 0;

  // --- Snapshot files ---

  std::uint64_t snapshot_files_loaded = 0;
  std::uint64_t snapshot_files_ignored = 0;  // See kSnapshotFileIgnored.
  std::uint64_t snapshot_files_written = 0;
  std::uint64_t failed_snapshot_files = 0;  // Attempts to write one.

  // --- Events ---

  std::uint64_t dropped_events = 0;  // See EventSink.
};

NAMING_EXPORT bool operator==(const ClientStats& a, const ClientStats& b);
NAMING_EXPORT bool operator!=(const ClientStats& a, const ClientStats& b);

}  // namespace naming

#endif  // NAMING_CLIENT_STATS_H_

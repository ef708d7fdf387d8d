// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_CLIENT_EVENT_H_
#define NAMING_CLIENT_EVENT_H_

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include "naming/export.h"

namespace naming {

// Something that changed for a Client.
//
// Thread-compatible. A value.
struct NAMING_EXPORT ClientEvent {
  enum class Kind {
    // A node answers: the first one, or again after kBackendLost. `node`.
    kBackendFound,

    // No node answers any more, or at first none does. What is known stays in
    // force, and the Client goes on trying.
    kBackendLost,

    // Another node is asked from now on. `node` is the new one.
    kNodeSwitched,

    // An Instance is registered: for the first time, or again. `app_id`,
    // `hostname`.
    kRegistered,

    // The registry no longer holds an Instance, or may have dropped it; the
    // Client registers it again. What a program cancels itself is no event.
    // `app_id`, `hostname`.
    kRegistrationLost,

    // A list came without much of what there was, and what it lacks is held
    // back; see ShrinkPolicy. Once for each time that begins. `app_id`.
    kShrinkSuppressed,

    // No node has answered yet, so a list from a snapshot file is in force; see
    // Snapshot::stale_since. `app_id`.
    kSnapshotFileUsed,

    // A snapshot file was there and couldn't be used: it is damaged, foreign,
    // too old, too large or can't be read. `app_id`.
    kSnapshotFileIgnored,

    // Snapshot files can't be written. Once, until one could be. `app_id`.
    kSnapshotFilesUnwritable,
  };

  Kind kind = Kind::kBackendFound;
  std::chrono::system_clock::time_point time;

  // Whom it concerns, as far as `kind` says; else empty.
  std::string node;
  std::string app_id;
  std::string hostname;

  // Says what happened and why, for people: one line, as in the log.
  std::string message;
};

NAMING_EXPORT bool operator==(const ClientEvent& a, const ClientEvent& b);
NAMING_EXPORT bool operator!=(const ClientEvent& a, const ClientEvent& b);

// Returns the name without its k, in words: "backend found".
NAMING_EXPORT std::string_view ToString(ClientEvent::Kind kind);

// Takes events; empty: nobody is told. Called as a Watcher's callback is,
// one event at a time, in order, until the Client is destroyed. Must not throw,
// and must not block: it delays every Watcher of the client. Of more than 1,000
// events that wait for it, the oldest are dropped, and counted in ClientStats.
using EventSink = std::function<void(const ClientEvent&)>;

}  // namespace naming

#endif  // NAMING_CLIENT_EVENT_H_

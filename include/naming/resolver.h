// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_RESOLVER_H_
#define NAMING_RESOLVER_H_

#include <chrono>
#include <functional>
#include <memory>

#include "absl/status/statusor.h"
#include "naming/export.h"
#include "naming/snapshot.h"
#include "naming/watcher.h"

namespace naming {

// Follows one application and keeps its newest Snapshot in memory.
//
// While the backend is out of reach the last Snapshot stays in force: a stale
// address is worth more than none. A Resolver may outlive the client that built
// it; it then answers from memory alone.
//
// Thread-safe. Destroying a Resolver ends its waiting Fetch() calls; the caller
// sees to it that no new call starts meanwhile.
class NAMING_EXPORT Resolver {
 public:
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;
  virtual ~Resolver();

  // Returns the newest Snapshot, never null. Waits up to `timeout` for the
  // first one; zero never waits. Does no I/O on the calling thread.
  //
  // Errors: kDeadlineExceeded, none came in time; kNotFound, none came in time
  // and the backend's last answer was that it knows no such application;
  // kCancelled, the Resolver or its client is being destroyed.
  virtual absl::StatusOr<std::shared_ptr<const Snapshot>> Fetch(
      std::chrono::milliseconds timeout) = 0;

  // Calls `on_change` with the present Snapshot, if there is one, and with each
  // newer one until the returned Watcher is destroyed or the client is: after
  // that no call is made. The calls come one at a time, on one of the client's
  // threads, not always the same, with no lock held; a slow callback misses
  // Snapshots in between, never the last one. `on_change` must not throw, and
  // must not block: it delays every other Watcher of the client.
  [[nodiscard]] virtual Watcher Watch(
      std::function<void(std::shared_ptr<const Snapshot>)> on_change) = 0;

 protected:
  Resolver() = default;
};

}  // namespace naming

#endif  // NAMING_RESOLVER_H_

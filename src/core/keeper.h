// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_CORE_KEEPER_H_
#define NAMING_CORE_KEEPER_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/loop.h"
#include "core/dispatcher.h"
#include "core/logger.h"
#include "core/monitor.h"
#include "naming/instance.h"
#include "naming/registry.h"

namespace naming::core {

// A backend's half of one registration: knows how to put, refresh and remove
// it, and remembers what the protocol needs for that. Keeper alone decides
// when.
//
// Lives on the Keeper's loop. At most one operation is under way at a time;
// each calls `done` once, on the loop and never from within the call that began
// it, unless the Lease is destroyed or Abort() is called first. `done` may
// begin the next operation, but never destroys the Lease. An operation is one
// attempt, bounded in time by the backend; the Lease itself takes care that the
// next attempt after a failure goes to another node.
//
// Statuses come with complete messages, such as "discovery: renew main.account:
// http://10.0.0.1:7171: code -500": callers and the log get them as they are.
class Lease {
 public:
  using Done = std::function<void(absl::Status)>;

  virtual ~Lease() = default;  // Aborts.

  // Makes the registry hold `instance`. Errors: kInvalidArgument,
  // kFailedPrecondition, kUnauthenticated or kPermissionDenied, it was refused
  // and will be again: the registry doesn't hold it because of this call;
  // others may pass, and it may hold it all the same, unless the status has the
  // mark base::kUnsent.
  virtual void Put(const Instance& instance, Done done) = 0;

  // Tells the registry that the Instance is alive. Errors: kNotFound, the
  // registry no longer holds it, or holds something else: put it again at once;
  // others may pass, and may have the mark base::kUnsent.
  virtual void Refresh(Done done) = 0;

  // Takes the Instance out of the registry; OK also when it wasn't there.
  virtual void Remove(Done done) = 0;

  // Returns whether the registry may have got the operation under way.
  virtual bool IsSent() const { return true; }

  // Drops the operation under way, if any; its `done` is never called.
  virtual void Abort() = 0;

  // Returns the node that answered last; empty: none has so far.
  virtual std::string node() const { return ""; }
};

using LeaseFactory = std::function<std::unique_ptr<Lease>(const Instance&)>;

struct KeeperOptions {
  // Begins the messages that Keeper makes itself, which are complete as well:
  // "discovery", as in "discovery: update main.account: instance.addrs[0]: …".
  std::string backend;

  // How often a registration is refreshed, less up to a tenth at random; the
  // first time after a put, less up to a half, so that many registrations put
  // at one time aren't refreshed at one time.
  std::chrono::milliseconds refresh_interval = std::chrono::seconds(30);

  // Unless zero, refreshes fall due at multiples of it on the loop's clock, a
  // little earlier than they would: what is due together can go in one request.
  std::chrono::milliseconds refresh_slot = std::chrono::milliseconds(0);

  // A registration without a successful answer for so long counts as lost:
  // RegistrationState says so, and from then on it is put, not refreshed.
  std::chrono::milliseconds lease = std::chrono::seconds(90);

  // Bounds of the back-off between failed attempts.
  std::chrono::milliseconds first_retry = std::chrono::milliseconds(100);
  std::chrono::milliseconds max_retry = std::chrono::seconds(5);

  // How long Cancel() may take, retries included. A Remove() that is under way
  // then may still end by itself, unless the Keeper is closed, but nothing else
  // is begun.
  std::chrono::milliseconds cancel_timeout = std::chrono::seconds(2);

  std::uint64_t seed = 1;

  std::shared_ptr<Monitor> monitor = std::make_shared<Monitor>();
};

// The life of every registration of a Client: put → refresh … → remove, with
// retries, until it is cancelled. Never gives up; never registers again after
// Cancel(). While an Instance is being removed, registering it again waits, so
// that the removal can't hit its successor.
//
// Register() and the Registrations are thread-safe, but not to be called on
// the loop's thread; the work is done on `loop`, whose clock all timeouts are
// measured by. Registrations may outlive the Keeper.
class Keeper final {
 public:
  // `loop` lives until Close() has returned.
  Keeper(base::Loop* loop, std::shared_ptr<Dispatcher> dispatcher,
         std::shared_ptr<Logger> logger, LeaseFactory factory,
         const KeeperOptions& options);
  ~Keeper();  // Close() has been called.

  // As Registry::Register(), for an `instance` that is complete: hostname,
  // region, zone and env are filled in. Validates it and `options`. Also
  // returns kUnauthenticated, kPermissionDenied and whatever else the last
  // attempt failed with.
  absl::StatusOr<Registration> Register(Instance instance,
                                        const RegisterOptions& options);

  // Refreshes every registration now rather than when it falls due.
  void RefreshAll();

  // The Client is going away: cancels every registration, all at the same
  // time, waiting at most cancel_timeout for all; drops what is left. `loop`
  // isn't used afterwards. Not to be called on the loop's thread.
  void Close();

 private:
  class KeptRegistration;
  struct Rep;
  std::shared_ptr<Rep> rep_;
};

}  // namespace naming::core

#endif  // NAMING_CORE_KEEPER_H_

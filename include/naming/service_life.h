// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_SERVICE_LIFE_H_
#define NAMING_SERVICE_LIFE_H_

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "naming/export.h"
#include "naming/instance.h"
#include "naming/registry.h"

namespace naming {

// What a ServiceLife has a server do. They are called one at a time, and must
// not throw.
//
// Thread-compatible. A value.
struct NAMING_EXPORT ServiceCallbacks {
  // Begins to serve. Returns the addresses at which clients reach the server,
  // each "scheme://host:port"; those of the Instance with such a scheme are
  // replaced by them. Empty: it serves already, at the Instance's addresses.
  std::function<absl::StatusOr<std::vector<std::string>>()> start;

  // The registry gives the server to nobody any more: health checks should say
  // so from now on, and calls are still to be served. May be empty.
  std::function<void()> drain;

  // Takes no more calls, waits up to `grace` for those in flight, and ends
  // them. May be empty.
  std::function<void(std::chrono::milliseconds grace)> shut_down;
};

// How a ServiceLife goes about it. Copied by ServiceLife::Start().
//
// Thread-compatible. A value.
struct NAMING_EXPORT ServiceLifeOptions {
  enum class Leave {
    kCancel,       // Takes the Instance out of the registry.
    kMarkWaiting,  // Marks it kWaiting, and takes it out at the end: who looks
                   // into the registry sees it go. When that fails: kCancel.
  };

  // --- Behaviour ---

  Leave leave = Leave::kCancel;

  // How long the server serves on after it has left: until the last client
  // knows. That takes what the registry takes to answer held polls, and what
  // clients take to follow, who may ask the registry in intervals. Range: [0ms,
  // 1h].
  std::chrono::milliseconds propagation = std::chrono::seconds(3);

  // How long calls in flight may take then. Range: [0ms, 1h].
  std::chrono::milliseconds grace = std::chrono::seconds(10);

  // How it registers.
  RegisterOptions registration;
};

// Returns whether a ServiceLife can go by `options`.
//
// Errors: kInvalidArgument; the message names the first bad field, such as
// "service life: options.grace: must be in [0ms, 1h]".
NAMING_EXPORT absl::Status Validate(const ServiceLifeOptions& options);

// Keeps SIGINT and SIGTERM for ServiceLife::Run(). To be called first in
// main(): it works for the caller's thread and those that are started from it
// later.
NAMING_EXPORT void BlockStopSignals();

// The life of a server that no call notices the end of: it begins to serve,
// then registers; it leaves the registry, serves on until clients know, and
// only then shuts down.
//
// Thread-safe. Needs the Registry in Start() alone. Destroying it does what
// Stop() does, and takes as long.
class NAMING_EXPORT ServiceLife final {
 public:
  // Starts the server and registers `instance`. When it can't be registered
  // the server is shut down again.
  //
  // Errors: kInvalidArgument, an option is malformed; what `callbacks.start`
  // and Registry::Register() return.
  static absl::StatusOr<std::unique_ptr<ServiceLife>> Start(
      Registry& registry, Instance instance, ServiceCallbacks callbacks,
      ServiceLifeOptions options = {});

  ~ServiceLife();
  ServiceLife(const ServiceLife&) = delete;
  ServiceLife& operator=(const ServiceLife&) = delete;

  // Waits until SIGINT or SIGTERM comes, see BlockStopSignals(), or Stop() is
  // called elsewhere; then returns what Stop() does. For one thread at a time.
  absl::Status Run();

  // Leaves the registry, waits for `propagation`, and shuts the server down.
  // Returns how leaving went; the rest is done whatever that was. A second call
  // waits for the first and returns the same.
  //
  // Errors: as for Registration::Cancel().
  absl::Status Stop();

  // Returns the Instance that is registered, and what is known of that.
  Instance instance() const;
  RegistrationState state() const;

 private:
  struct Rep;
  explicit ServiceLife(std::unique_ptr<Rep> rep);

  const std::unique_ptr<Rep> rep_;
};

}  // namespace naming

#endif  // NAMING_SERVICE_LIFE_H_

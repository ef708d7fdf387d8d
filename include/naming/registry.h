// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_REGISTRY_H_
#define NAMING_REGISTRY_H_

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "naming/export.h"
#include "naming/instance.h"

namespace naming {

// What is known of a registration.
//
// Thread-compatible. A value.
struct NAMING_EXPORT RegistrationState {
  // Whether the registry holds the Instance, as far as its last answer said and
  // the time since then allows.
  bool is_registered = false;

  // When `is_registered` became what it is; at first, when Register() was
  // called.
  std::chrono::system_clock::time_point since;

  // The node that answered last for it; empty: none has so far, or the backend
  // has no nodes.
  std::string node;

  // Why it isn't registered, or why the last attempt to refresh failed; OK when
  // nothing failed since it was registered.
  absl::Status last_error;
};

NAMING_EXPORT bool operator==(const RegistrationState& a,
                              const RegistrationState& b);
NAMING_EXPORT bool operator!=(const RegistrationState& a,
                              const RegistrationState& b);

// Handle that keeps one Instance registered.
//
// Destroying it cancels the registration, waiting at most the Client's
// cancel_timeout. It may outlive the Client: that cancels the registration when
// it is destroyed itself, and the handle goes quiet.
//
// Thread-safe, moving and destroying apart. Movable; moved-from, it may be
// destroyed or assigned to, and every call returns kFailedPrecondition.
class NAMING_EXPORT Registration {
 public:
  // What implementers of Registry provide; its destructor cancels.
  class Handle;

  Registration() = default;
  explicit Registration(std::unique_ptr<Handle> handle);
  Registration(Registration&& other) noexcept;
  Registration& operator=(Registration&& other) noexcept;
  Registration(const Registration&) = delete;
  Registration& operator=(const Registration&) = delete;
  ~Registration();

  // Returns the Instance that is kept registered, with every field filled in.
  Instance instance() const;

  // Returns what is known now. Does no I/O.
  RegistrationState state() const;

  // Waits up to `timeout` until the Instance is registered as last desired.
  //
  // Errors: kDeadlineExceeded, the time passed and no attempt has failed so
  // far; kFailedPrecondition, it was cancelled; else what the last attempt
  // failed with, most often kUnavailable.
  absl::Status Wait(std::chrono::milliseconds timeout);

  // Makes `instance` the one that is kept registered and waits for the registry
  // to take it, up to the timeout given to Register(). When it fails with
  // another code than kInvalidArgument or kFailedPrecondition, it goes on
  // behind the scenes.
  //
  // Errors: kInvalidArgument, `instance` is malformed or is not the same one
  // (app_id, env, zone, hostname; left empty, they stay as they are), or the
  // registry refused it; kFailedPrecondition, it was cancelled, or is in
  // conflict with what the registry holds; kUnauthenticated or
  // kPermissionDenied, the registry doesn't let this program do it;
  // kUnavailable, no node could be reached; kDeadlineExceeded, no node answered
  // in time; kResourceExhausted or kInternal, the last attempt failed so.
  absl::Status Update(Instance instance);

  // Ends the registration and returns how that went: OK also when the registry
  // no longer knew it. Waits at most the Client's cancel_timeout. Never
  // registers again. A second call returns what the first one did.
  //
  // Errors: kUnavailable or kDeadlineExceeded, no node confirmed it, or one
  // that hangs may yet execute what it was sent before, as the message says;
  // the registry drops it by itself when its lease runs out.
  absl::Status Cancel();

 private:
  std::unique_ptr<Handle> handle_;
};

// The backend's half of a Registration: the same calls, with the same meaning.
//
// Thread-safe. Destroying it cancels.
class NAMING_EXPORT Registration::Handle {
 public:
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  virtual ~Handle();

  virtual Instance instance() const = 0;
  virtual RegistrationState state() const = 0;
  virtual absl::Status Wait(std::chrono::milliseconds timeout) = 0;
  virtual absl::Status Update(Instance instance) = 0;
  virtual absl::Status Cancel() = 0;

 protected:
  Handle() = default;
};

enum class RegisterMode {
  // Register() waits until the Instance is registered and fails when that
  // takes longer than the timeout; then nothing stays behind.
  kMustSucceed,
  // Register() returns at once; the library tries until it succeeds.
  // Registration::Wait() and state() tell.
  kKeepTrying,
};

// How to register.
//
// Thread-compatible. A value.
struct NAMING_EXPORT RegisterOptions {
  RegisterMode mode = RegisterMode::kMustSucceed;

  // How long Register() and Update() may take. Range: [1ms, 10min].
  std::chrono::milliseconds timeout = std::chrono::seconds(5);

  // Called after each change of RegistrationState::is_registered, as a
  // Watcher's callback is, until the Registration is destroyed. It must not
  // throw, and must not block.
  std::function<void(const RegistrationState&)> on_change;
};

// Takes registrations.
//
// Thread-safe.
class NAMING_EXPORT Registry {
 public:
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;
  virtual ~Registry();

  // Registers `instance` and keeps it registered, through any failure of the
  // registry, until the returned handle is destroyed.
  //
  // Errors: kInvalidArgument, a field of `instance` or `options` is malformed,
  // or the registry refused it; kAlreadyExists, this Client holds the same
  // (app_id, env, zone, hostname); kUnavailable, no node could be reached in
  // time; kDeadlineExceeded, no node answered in time; kFailedPrecondition, the
  // Client is being destroyed, or the Instance is in conflict with what the
  // registry holds; kUnauthenticated or kPermissionDenied, the registry doesn't
  // let this program do it; kResourceExhausted or kInternal, the last attempt
  // failed so.
  virtual absl::StatusOr<Registration> Register(
      Instance instance, const RegisterOptions& options) = 0;
  absl::StatusOr<Registration> Register(Instance instance);

 protected:
  Registry() = default;
};

}  // namespace naming

#endif  // NAMING_REGISTRY_H_

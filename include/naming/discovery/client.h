// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_DISCOVERY_CLIENT_H_
#define NAMING_DISCOVERY_CLIENT_H_

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "naming/builder.h"
#include "naming/client_state.h"
#include "naming/client_stats.h"
#include "naming/discovery/options.h"
#include "naming/export.h"
#include "naming/registry.h"

namespace naming::discovery {

// Speaks the HTTP protocol of bilibili/discovery to a set of nodes.
//
// Owns three threads, however much it registers and resolves. Its Resolvers
// resolve "discovery://authority/app_id"; the authority is ignored.
//
// Thread-safe. Destroying it cancels what it has registered, waiting at most
// options.cancel_timeout, and ends everything else at once, but for lists that
// wait to be saved in options.snapshot_dir, at most half a second; its
// Registrations,
// Resolvers and Watchers may outlive it. It must not be destroyed from within
// one of its own callbacks.
class NAMING_EXPORT Client final : public Registry, public Builder {
 public:
  // Returns a Client. Never waits and needs no node to be reachable.
  //
  // Errors: kInvalidArgument; see Validate(const ClientOptions&).
  static absl::StatusOr<std::unique_ptr<Client>> Create(ClientOptions options);

  ~Client() override;

  using Registry::Register;
  absl::StatusOr<Registration> Register(
      Instance instance, const RegisterOptions& options) override;

  std::string_view scheme() const override;
  using Builder::Build;
  absl::StatusOr<std::unique_ptr<Resolver>> Build(
      const Target& target) override;

  // Returns the nodes that the Client knows now, seeds first, each as
  // "http://host:port". Does no I/O.
  std::vector<std::string> nodes() const;

  // Return what is known, and what was counted, so far. Do no I/O.
  ClientState state() const;
  ClientStats stats() const;

 private:
  struct Rep;
  explicit Client(std::unique_ptr<Rep> rep);

  std::unique_ptr<Rep> rep_;
};

}  // namespace naming::discovery

#endif  // NAMING_DISCOVERY_CLIENT_H_

// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_ETCD_CLIENT_H_
#define NAMING_ETCD_CLIENT_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "naming/builder.h"
#include "naming/client_state.h"
#include "naming/client_stats.h"
#include "naming/etcd/options.h"
#include "naming/export.h"
#include "naming/registry.h"

namespace naming::etcd {

// Registers and resolves in an etcd v3 cluster, through its JSON gateway, in
// the layout of one of the frameworks that use etcd: beside their programs, as
// one of them.
//
// Owns two threads, however much it registers and resolves. Its Resolvers
// resolve "etcd+<layout>://authority/app_id", where the app_id may come after
// the prefix ("etcd+kratos:///microservices/helloworld"); the authority is
// ignored, see ParseLocation(). Values that aren't of the layout are left out
// of lists, counted and logged.
//
// Two programs that register one app_id and hostname share a key: the one that
// came last has it, and the other one's registration is lost (see
// RegistrationState) until that one leaves.
//
// Thread-safe. Destroying it cancels what it has registered, waiting at most
// options.cancel_timeout, and ends everything else at once; its Registrations,
// Resolvers and Watchers may outlive it. It must not be destroyed from within
// one of its own callbacks.
class NAMING_EXPORT Client final : public Registry, public Builder {
 public:
  // Returns a Client. Never waits and needs no member to be reachable.
  //
  // Errors: kInvalidArgument; see Validate(const ClientOptions&).
  static absl::StatusOr<std::unique_ptr<Client>> Create(ClientOptions options);

  ~Client() override;

  // Also returns kInvalidArgument for what the layout has no place for.
  using Registry::Register;
  absl::StatusOr<Registration> Register(
      Instance instance, const RegisterOptions& options) override;

  std::string_view scheme() const override;
  using Builder::Build;
  absl::StatusOr<std::unique_ptr<Resolver>> Build(
      const Target& target) override;

  // Returns the members, each as "http://host:port". Does no I/O.
  std::vector<std::string> nodes() const;

  // Return what is known, and what was counted, so far. Do no I/O. What
  // ClientStats says of polls, bytes and files stays 0.
  ClientState state() const;
  ClientStats stats() const;

  // Returns how many values of the applications that are followed now can't be
  // read. Does no I/O.
  std::int64_t bad_values() const;

 private:
  struct Rep;
  explicit Client(std::unique_ptr<Rep> rep);

  std::unique_ptr<Rep> rep_;
};

}  // namespace naming::etcd

#endif  // NAMING_ETCD_CLIENT_H_

// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_DIRECT_CLIENT_H_
#define NAMING_DIRECT_CLIENT_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "naming/builder.h"
#include "naming/export.h"
#include "naming/registry.h"

namespace naming::direct {

// How a direct Client behaves. Copied by Client::Create().
//
// Thread-compatible. A value.
struct NAMING_EXPORT ClientOptions {
  // What every app_id resolves to, each "host:port" or "scheme://host:port".
  // Empty: the app_id of a Target is the list itself, separated by commas.
  std::vector<std::string> addrs;

  // The scheme of an address that has none.
  std::string addr_scheme = "grpc";

  // The zone of each Instance.
  std::string zone;
};

// Returns whether a Client can be made with `options`.
//
// Errors: kInvalidArgument; the message names the first bad field.
NAMING_EXPORT absl::Status Validate(const ClientOptions& options);

// No registry at all: resolves "direct:///h1:80,h2:80", as Kratos and go-zero
// do, to just these addresses, for good: each is an Instance that is called by
// its address. The authority is ignored; blanks and empty parts are dropped.
//
// A registration succeeds, and nobody hears of it: a program that registers
// runs unchanged where there is no registry.
//
// Owns two threads. Thread-safe. Its Registrations, Resolvers and Watchers may
// outlive it. It must not be destroyed from within one of its own callbacks.
class NAMING_EXPORT Client final : public Registry, public Builder {
 public:
  // Returns a Client. Never waits.
  //
  // Errors: kInvalidArgument; see Validate(const ClientOptions&).
  static absl::StatusOr<std::unique_ptr<Client>> Create(
      ClientOptions options = {});

  ~Client() override;

  using Registry::Register;
  absl::StatusOr<Registration> Register(
      Instance instance, const RegisterOptions& options) override;

  // Also returns kInvalidArgument for an address that is malformed.
  std::string_view scheme() const override;
  using Builder::Build;
  absl::StatusOr<std::unique_ptr<Resolver>> Build(
      const Target& target) override;

 private:
  struct Rep;
  explicit Client(std::unique_ptr<Rep> rep);

  std::unique_ptr<Rep> rep_;
};

}  // namespace naming::direct

#endif  // NAMING_DIRECT_CLIENT_H_

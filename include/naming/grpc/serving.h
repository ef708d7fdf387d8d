// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_GRPC_SERVING_H_
#define NAMING_GRPC_SERVING_H_

#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "naming/export.h"
#include "naming/instance.h"
#include "naming/registry.h"
#include "naming/service_life.h"

namespace naming {

// Where a GrpcServing listens, and how it goes about it. Copied by
// GrpcServing::Start().
//
// Thread-compatible. A value.
struct NAMING_EXPORT GrpcServingOptions {
  // "host:port", IPv6 in brackets; port 0: a free one. "0.0.0.0" and "[::]":
  // every address of this machine.
  std::string listen = "0.0.0.0:0";

  // The host that clients dial, IPv6 without brackets. Empty: that of `listen`;
  // where it means every address, that from which this machine reaches others.
  std::string advertised_host;

  // Null: no TLS.
  std::shared_ptr<grpc::ServerCredentials> credentials;

  ServiceLifeOptions life;
};

// A gRPC server that is registered while it serves, and that no call notices
// the end of; see ServiceLife:
//
//   naming::BlockStopSignals();  // First in main().
//   …
//   grpc::ServerBuilder builder;
//   builder.RegisterService(&greeter);
//   naming::Instance instance;
//   instance.app_id = "demo.greeter";
//   auto serving = naming::GrpcServing::Start(client, instance, builder);
//   …
//   absl::Status status = (*serving)->Run();  // Until SIGTERM.
//
// After it has left the registry, gRPC's health service, where the program has
// enabled that, says that it doesn't serve.
//
// Thread-safe. Needs the Registry in Start() alone. Destroying it does what
// Stop() does, and takes as long.
class NAMING_EXPORT GrpcServing final {
 public:
  // Adds `options.listen` to `builder`, starts its server, and registers
  // `instance` with the address "grpc://host:port", in place of those of this
  // scheme that it has.
  //
  // Errors: kInvalidArgument, an option is malformed; kFailedPrecondition, the
  // server can't listen there, or this machine has no address but the
  // loopback's; what Registry::Register() returns.
  static absl::StatusOr<std::unique_ptr<GrpcServing>> Start(
      Registry& registry, Instance instance, grpc::ServerBuilder& builder,
      GrpcServingOptions options = {});

  ~GrpcServing();
  GrpcServing(const GrpcServing&) = delete;
  GrpcServing& operator=(const GrpcServing&) = delete;

  // As those of ServiceLife.
  absl::Status Run();
  absl::Status Stop();
  Instance instance() const;
  RegistrationState state() const;

  // Returns what is registered, without the scheme: "host:port".
  const std::string& address() const;

  // Whose queues a program with asynchronous services shuts down after Stop().
  grpc::Server& server();

 private:
  struct Rep;
  explicit GrpcServing(std::unique_ptr<Rep> rep);

  const std::unique_ptr<Rep> rep_;
};

}  // namespace naming

#endif  // NAMING_GRPC_SERVING_H_

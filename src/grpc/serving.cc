// SPDX-License-Identifier: Apache-2.0

#include "naming/grpc/serving.h"

#include <grpcpp/health_check_service_interface.h>

#include <chrono>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "base/own_host.h"
#include "base/url.h"

namespace naming {
namespace {

using std::chrono::milliseconds;

// Returns the host to register for a server that listens on `listening`.
absl::StatusOr<std::string> HostFor(const base::HostPort& listening,
                                    const std::string& advertised) {
  if (!advertised.empty()) return advertised;
  if (!base::IsWildcard(listening.host)) return listening.host;
  std::string own = base::OwnHost();
  if (own.empty()) {
    return absl::FailedPreconditionError(
        "grpc: serve: options.advertised_host is empty, and this machine has "
        "no address but the loopback's");
  }
  return own;
}

}  // namespace

struct GrpcServing::Rep {
  absl::StatusOr<std::vector<std::string>> Listen(
      grpc::ServerBuilder& builder, const GrpcServingOptions& options,
      base::HostPort listening);
  void Drain();
  void ShutDown(milliseconds grace);

  std::unique_ptr<grpc::Server> server;
  std::string address;

  // Last: it ends first, and with it the server.
  std::unique_ptr<ServiceLife> life;
};

absl::StatusOr<std::unique_ptr<GrpcServing>> GrpcServing::Start(
    Registry& registry, Instance instance, grpc::ServerBuilder& builder,
    GrpcServingOptions options) {
  const std::optional<base::HostPort> listening =
      base::ParseHostPort(options.listen);
  if (!listening) {
    return absl::InvalidArgumentError(
        "grpc: options.listen: must be \"host:port\"");
  }
  auto rep = std::make_unique<Rep>();
  Rep* const raw = rep.get();
  ServiceCallbacks callbacks;
  callbacks.start = [raw, &builder, &options, &listening] {
    return raw->Listen(builder, options, *listening);
  };
  callbacks.drain = [raw] { raw->Drain(); };
  callbacks.shut_down = [raw](milliseconds grace) { raw->ShutDown(grace); };
  absl::StatusOr<std::unique_ptr<ServiceLife>> life = ServiceLife::Start(
      registry, std::move(instance), std::move(callbacks), options.life);
  if (!life.ok()) return life.status();
  rep->life = *std::move(life);
  return std::unique_ptr<GrpcServing>(new GrpcServing(std::move(rep)));
}

GrpcServing::GrpcServing(std::unique_ptr<Rep> rep) : rep_(std::move(rep)) {}

GrpcServing::~GrpcServing() = default;

absl::Status GrpcServing::Run() { return rep_->life->Run(); }

absl::Status GrpcServing::Stop() { return rep_->life->Stop(); }

Instance GrpcServing::instance() const { return rep_->life->instance(); }

RegistrationState GrpcServing::state() const { return rep_->life->state(); }

const std::string& GrpcServing::address() const { return rep_->address; }

grpc::Server& GrpcServing::server() { return *rep_->server; }

absl::StatusOr<std::vector<std::string>> GrpcServing::Rep::Listen(
    grpc::ServerBuilder& builder, const GrpcServingOptions& options,
    base::HostPort listening) {
  absl::StatusOr<std::string> host =
      HostFor(listening, options.advertised_host);
  if (!host.ok()) return host.status();
  int port = 0;
  builder.AddListeningPort(options.listen,
                           options.credentials == nullptr
                               ? grpc::InsecureServerCredentials()
                               : options.credentials,
                           &port);
  server = builder.BuildAndStart();
  if (server == nullptr || port == 0) {
    return absl::FailedPreconditionError(
        absl::StrFormat("grpc: serve: can't listen on %s", options.listen));
  }
  listening.host = *std::move(host);
  listening.port = static_cast<std::uint16_t>(port);
  address = listening.ToString();
  return std::vector<std::string>{"grpc://" + address};
}

void GrpcServing::Rep::Drain() {
  auto* const health = server->GetHealthCheckService();
  if (health != nullptr) health->SetServingStatus(false);
}

void GrpcServing::Rep::ShutDown(milliseconds grace) {
  server->Shutdown(std::chrono::system_clock::now() + grace);
}

}  // namespace naming

// SPDX-License-Identifier: Apache-2.0

#include "naming/xds/server.h"

#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <sys/stat.h>

#include <chrono>
#include <filesystem>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/own_host.h"
#include "base/text.h"
#include "base/url.h"
#include "xds/listen_address.h"
#include "xds/streams.h"

namespace naming::xds {
namespace {

// A JSON string.
std::string Quoted(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : base::ToValidUtf8(text)) {
    if (0 <= c && c < 0x20) {
      quoted += absl::StrFormat("\\u%04x", static_cast<int>(c));
      continue;
    }
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

// Returns the socket's path as other programs find it.
std::string AbsolutePath(const std::string& path) {
  std::error_code error;
  const auto absolute = std::filesystem::absolute(path, error);
  return error ? path : absolute.string();
}

absl::Status CheckSocket(const std::string& path, const std::string& absolute) {
  // gRPC would take the socket from whoever has it.
  if (!IsFree(path)) {
    return absl::FailedPreconditionError(
        absl::StrFormat("xds: can't listen on %s: somebody has it", path));
  }
  if (IsSocketName(absolute)) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrFormat(
      "xds: can't listen on %s: clients name a socket %s, this one is %s", path,
      kSocketNameRule, absolute));
}

}  // namespace

struct Server::Rep {
  Rep(Builder& builder, const ServerOptions& options)
      : streams(builder, options) {}
  ~Rep() {
    if (server == nullptr) return;
    server->Shutdown(std::chrono::system_clock::now());
    server->Wait();
  }

  absl::Status Listen(const ServerOptions& options);

  Streams streams;
  std::unique_ptr<grpc::Server> server;
  std::string address;
};

absl::Status Server::Rep::Listen(const ServerOptions& options) {
  const auto path = UnixPathOf(options.listen);
  const std::string absolute = path ? AbsolutePath(*path) : "";
  if (path) {
    absl::Status status = CheckSocket(*path, absolute);
    if (!status.ok()) return status;
  }
  const absl::Status failed = absl::FailedPreconditionError(
      absl::StrFormat("xds: can't listen on %s", options.listen));
  grpc::ServerBuilder builder;
  builder.RegisterCallbackGenericService(&streams);
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  int port = 0;
  builder.AddListeningPort(path ? "unix:" + *path : options.listen,
                           grpc::InsecureServerCredentials(), &port);
  server = builder.BuildAndStart();
  if (server == nullptr || port == 0) return failed;
  if (path) {
    if (chmod(path->c_str(), S_IRUSR | S_IWUSR) != 0) return failed;
    address = "unix:" + absolute;
  } else if (auto host_port = base::ParseHostPort(options.listen)) {
    host_port->port = static_cast<std::uint16_t>(port);
    const bool is_any = base::IsWildcard(host_port->host);
    const std::string own_host = is_any ? base::OwnHost() : "";
    if (!own_host.empty()) host_port->host = own_host;
    address = host_port->ToString();
  } else {
    address = options.listen;
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<Server>> Server::Start(Builder& builder,
                                                      ServerOptions options) {
  absl::Status status = Validate(options);
  if (!status.ok()) return status;
  auto rep = std::make_unique<Rep>(builder, options);
  status = rep->Listen(options);
  if (!status.ok()) return status;
  return std::unique_ptr<Server>(new Server(std::move(rep)));
}

Server::Server(std::unique_ptr<Rep> rep) : rep_(std::move(rep)) {}

Server::~Server() = default;

const std::string& Server::address() const { return rep_->address; }

std::string Server::Bootstrap(const std::string& node_id,
                              const std::string& zone) const {
  const std::string locality =
      zone.empty()
          ? ""
          : absl::StrFormat(R"(,"locality":{"zone":%s})", Quoted(zone));
  return absl::StrFormat(
      R"({"xds_servers":[{"server_uri":%s,"channel_creds":[{"type":"insecure"}])"
      R"(,"server_features":["xds_v3"]}],"node":{"id":%s%s}})",
      Quoted(rep_->address), Quoted(node_id), locality);
}

ServerStats Server::stats() const { return rep_->streams.stats(); }

}  // namespace naming::xds

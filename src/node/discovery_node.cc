// SPDX-License-Identifier: Apache-2.0

#include "naming/node/discovery_node.h"

#include <unistd.h>

#include <array>
#include <cstdint>
#include <optional>
#include <random>
#include <string_view>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_format.h"
#include "base/check.h"
#include "base/mutex.h"
#include "base/url.h"
#include "node/directory.h"
#include "node/event_loop.h"
#include "node/handlers.h"
#include "node/http_server.h"
#include "node/listen_socket.h"

namespace naming::node {
namespace {

std::string HostName() {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0) return "localhost";
  return name.data();
}

absl::Status OutOfResources(std::string_view address) {
  return absl::UnavailableError(absl::StrFormat(
      "node: listen %s: out of memory or file descriptors", address));
}

}  // namespace

absl::Status Validate(const DiscoveryNodeOptions& options) {
  if (!base::ParseHostPort(options.listen)) {
    return absl::InvalidArgumentError(
        "node: options.listen: must be host:port");
  }
  absl::Status status = base::CheckText("node: options.region", options.region);
  if (status.ok()) {
    status = base::CheckNonEmptyText("node: options.zone", options.zone);
  }
  if (status.ok()) {
    status = base::CheckNonEmptyText("node: options.env", options.env);
  }
  if (status.ok()) {
    status = base::CheckText("node: options.hostname", options.hostname);
  }
  return status;
}

// The loop's thread alone touches what follows the loop, from Start() to
// Stop(). The loop is declared first: it outlives what uses it.
struct DiscoveryNode::Rep {
  std::string address;
  std::unique_ptr<EventLoop> loop;
  std::optional<Directory> directory;
  std::optional<Handlers> handlers;
  std::unique_ptr<HttpServer> server;

  base::Mutex stop_mutex;
  bool is_stopped ABSL_GUARDED_BY(stop_mutex) = false;
};

absl::StatusOr<std::unique_ptr<DiscoveryNode>> DiscoveryNode::Start(
    DiscoveryNodeOptions options) {
  if (absl::Status status = Validate(options); !status.ok()) return status;
  absl::StatusOr<ListenSocket> socket =
      ListenSocket::Open(*base::ParseHostPort(options.listen));
  if (!socket.ok()) {
    return absl::UnavailableError(
        absl::StrFormat("node: listen %s: %s", options.listen,
                        std::string(socket.status().message())));
  }
  const base::HostPort listening = socket->address();
  auto rep = std::make_unique<Rep>();
  rep->address = listening.ToString();
  rep->loop = EventLoop::Create();
  if (rep->loop == nullptr) return OutOfResources(rep->address);
  if (options.hostname.empty()) {
    options.hostname = absl::StrFormat("%s:%d", HostName(), listening.port);
  }
  Rep* const r = rep.get();
  rep->directory.emplace(
      *rep->loop,
      NodeIdentity{std::move(options.region), std::move(options.zone),
                   std::move(options.env), std::move(options.hostname),
                   rep->address},
      std::random_device()(), std::move(options.log_sink),
      [r](RequestId id, const Response& response) {
        r->server->Reply(id, response);
      });
  rep->handlers.emplace(*rep->directory);
  rep->server = HttpServer::Create(
      *rep->loop, *std::move(socket),
      [r](RequestId id, const Request& request) {
        return r->handlers->Handle(id, request);
      },
      [r](RequestId id) { r->directory->Drop(id); });
  if (rep->server == nullptr) return OutOfResources(rep->address);
  rep->loop->Start("naming-node");
  return std::unique_ptr<DiscoveryNode>(new DiscoveryNode(std::move(rep)));
}

DiscoveryNode::DiscoveryNode(std::unique_ptr<Rep> rep) : rep_(std::move(rep)) {}

DiscoveryNode::~DiscoveryNode() { Stop(); }

std::string DiscoveryNode::address() const { return rep_->address; }

void DiscoveryNode::Stop() {
  base::MutexLock lock(rep_->stop_mutex);
  if (std::exchange(rep_->is_stopped, true)) return;
  rep_->loop->Stop();
  rep_->server.reset();
  rep_->handlers.reset();
  rep_->directory.reset();
}

void DiscoveryNode::AdvanceClock(std::chrono::milliseconds by) {
  rep_->loop->Advance(by);
}

}  // namespace naming::node

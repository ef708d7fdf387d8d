// SPDX-License-Identifier: Apache-2.0

#include "naming/node/discovery_node.h"

#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <random>
#include <string_view>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_format.h"
#include "base/check.h"
#include "base/mutex.h"
#include "base/text.h"
#include "base/url.h"
#include "node/directory.h"
#include "node/event_loop.h"
#include "node/handlers.h"
#include "node/http_server.h"
#include "node/listen_socket.h"
#include "node/own_address.h"
#include "node/peer_http_client.h"
#include "node/quirks.h"
#include "node/replicator.h"
#include "node/scheduler_files.h"
#include "node/state_file.h"
#include "node/state_keeper.h"

namespace naming::node {
namespace {

// How long reads are protected at most, as in the real server.
constexpr std::chrono::seconds kProtection{60};

// How long Stop() waits for a loop that is told to leave its peers, which is
// bounded itself: a loop that is stuck must not keep the program from ending.
constexpr std::chrono::seconds kLeaveLimit{3};

std::string HostName() {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0) return "localhost";
  return name.data();
}

absl::StatusOr<SchedulerFiles> ReadSchedulers(const std::string& directory,
                                              Quirks quirks) {
  if (directory.empty()) return SchedulerFiles();
  absl::StatusOr<SchedulerFiles> files = ReadSchedulerFiles(directory, quirks);
  if (files.ok()) return files;
  return absl::InvalidArgumentError(
      absl::StrFormat("node: options.scheduler_dir: %s",
                      std::string(files.status().message())));
}

absl::Status CheckNode(std::string_view field, std::string_view node) {
  const std::optional<base::HostPort> host_port = base::ParseHostPort(node);
  if (host_port && host_port->port != 0) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrFormat("node: options.%s: must be host:port each, is \"%s\"",
                      field, base::Excerpt(node, 100)));
}

absl::Status CheckPeers(const DiscoveryNodeOptions& options) {
  for (const std::string& node : options.nodes) {
    absl::Status status = CheckNode("nodes", node);
    if (!status.ok()) return status;
  }
  for (const auto& [zone, nodes] : options.zones) {
    absl::Status status = base::CheckNonEmptyText("node: options.zones", zone);
    if (!status.ok()) return status;
    for (const std::string& node : nodes) {
      status = CheckNode("zones", node);
      if (!status.ok()) return status;
    }
  }
  return absl::OkStatus();
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
  if (status.ok()) status = Quirks::Parse(options.quirks).status();
  if (status.ok()) status = CheckPeers(options);
  return status;
}

// The loop's thread alone touches what follows the loop, from Start() to
// Stop(). The loop is declared first: it outlives what uses it.
struct DiscoveryNode::Rep {
  std::string address;
  std::string scheduler_dir;
  Quirks quirks;
  std::string own_address;  // What other nodes know it by.
  std::unique_ptr<EventLoop> loop;
  std::optional<Directory> directory;
  std::optional<StateKeeper> state;
  std::optional<PeerHttpClient> http;
  std::optional<Replicator> replicator;  // None: it keeps to itself.
  std::optional<Handlers> handlers;
  std::unique_ptr<HttpServer> server;

  base::Mutex stop_mutex;
  bool is_stopped ABSL_GUARDED_BY(stop_mutex) = false;

  base::Mutex leave_mutex;
  base::CondVar has_left_changed;
  bool has_left ABSL_GUARDED_BY(leave_mutex) = false;

  void Assemble(DiscoveryNodeOptions options);
  void StartReplicator(const DiscoveryNodeOptions& options);
  void Leave();
};

// Makes what answers requests, apart from the server.
void DiscoveryNode::Rep::Assemble(DiscoveryNodeOptions options) {
  const auto reply = [this](RequestId id, const Response& response) {
    server->Reply(id, response);
  };
  directory.emplace(*loop,
                    NodeIdentity{options.region, options.zone, options.env,
                                 options.hostname, own_address},
                    std::random_device()(), options.log_sink, reply, quirks);
  if (!options.state_file.empty()) {
    state.emplace(*loop, *directory, options.state_file, options.log_sink);
    state->Load();
  }
  const bool has_peers = !options.nodes.empty() || !options.zones.empty();
  if (has_peers) StartReplicator(options);
  directory->SetEvents({[this](const AppKey& app) {
                          if (state) state->OnChange();
                          if (replicator) replicator->OnChange(app);
                        },
                        [this] {
                          if (replicator) replicator->OnSelfRenewed();
                        }});
  handlers.emplace(*directory, replicator ? &*replicator : nullptr, reply);
  if (options.protect) {
    handlers->ProtectReadsUntil(loop->clock().Now() + kProtection);
  }
}

void DiscoveryNode::Rep::StartReplicator(const DiscoveryNodeOptions& options) {
  http.emplace(*loop);
  ReplicatorOptions settings;
  settings.nodes = options.nodes;
  settings.zones = options.zones;
  settings.seed = std::random_device()();
  settings.log_sink = options.log_sink;
  settings.faults.joined_addrs = quirks.joined_addrs();
  settings.faults.hanging_writes = quirks.hanging_writes();
  settings.faults.home_zone_only = quirks.home_zone_only();
  replicator.emplace(*loop, *http, *directory, std::move(settings));
  replicator->Start();
}

// Takes the node's own entry away, here and at the peers.
void DiscoveryNode::Rep::Leave() {
  if (!replicator) return;
  const auto leave = [this] {
    base::MutexLock lock(leave_mutex);
    has_left = true;
    has_left_changed.NotifyAll();
  };
  loop->Post([this, leave] {
    directory->Cancel(directory->self_key(), 0);
    if (!replicator->Leave(leave)) leave();
  });
  const auto deadline = std::chrono::steady_clock::now() + kLeaveLimit;
  base::MutexLock lock(leave_mutex);
  while (!has_left && has_left_changed.WaitUntil(leave_mutex, deadline)) {
  }
}

absl::StatusOr<std::unique_ptr<DiscoveryNode>> DiscoveryNode::Start(
    DiscoveryNodeOptions options) {
  if (absl::Status status = Validate(options); !status.ok()) return status;
  const Quirks quirks = *Quirks::Parse(options.quirks);
  absl::StatusOr<SchedulerFiles> schedulers =
      ReadSchedulers(options.scheduler_dir, quirks);
  if (!schedulers.ok()) return schedulers.status();
  absl::StatusOr<ListenSocket> socket =
      ListenSocket::Open(*base::ParseHostPort(options.listen));
  if (!socket.ok()) {
    return absl::UnavailableError(
        absl::StrFormat("node: listen %s: %s", options.listen,
                        std::string(socket.status().message())));
  }
  if (!options.state_file.empty()) {
    const absl::Status status = CheckWritable(options.state_file);
    if (!status.ok()) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "node: options.state_file: must be in a directory that can be "
          "written to: %s",
          std::string(status.message())));
    }
  }
  const base::HostPort listening = socket->address();
  auto rep = std::make_unique<Rep>();
  rep->address = listening.ToString();
  rep->scheduler_dir = std::move(options.scheduler_dir);
  rep->quirks = quirks;
  rep->own_address = OwnAddress(listening, options.nodes);
  rep->loop = EventLoop::Create();
  if (rep->loop == nullptr) return OutOfResources(rep->address);
  if (options.hostname.empty()) {
    options.hostname = absl::StrFormat("%s:%d", HostName(), listening.port);
  }
  Rep* const r = rep.get();
  rep->Assemble(std::move(options));
  rep->directory->SetSchedulers(*std::move(schedulers));
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
  rep_->Leave();
  rep_->loop->Stop();
  rep_->server.reset();
  rep_->handlers.reset();
  rep_->replicator.reset();
  rep_->http.reset();
  if (rep_->state) rep_->state->Close();
  rep_->state.reset();
  rep_->directory.reset();
}

absl::Status DiscoveryNode::ReloadSchedulers() {
  absl::StatusOr<SchedulerFiles> files =
      ReadSchedulers(rep_->scheduler_dir, rep_->quirks);
  if (!files.ok()) return files.status();
  // Shared, because a task may outlive the call that a Stop() cuts short.
  const auto shared = std::make_shared<SchedulerFiles>(*std::move(files));
  rep_->loop->Run(
      [this, shared] { rep_->directory->SetSchedulers(std::move(*shared)); });
  return absl::OkStatus();
}

void DiscoveryNode::AdvanceClock(std::chrono::milliseconds by) {
  rep_->loop->Advance(by);
}

}  // namespace naming::node

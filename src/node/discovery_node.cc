// SPDX-License-Identifier: Apache-2.0

#include "naming/node/discovery_node.h"

#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
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
#include "node/faults.h"
#include "node/handlers.h"
#include "node/http_server.h"
#include "node/intake.h"
#include "node/listen_socket.h"
#include "node/own_address.h"
#include "node/peer_http_client.h"
#include "node/quirks.h"
#include "node/replicator.h"
#include "node/request_record.h"
#include "node/scheduler_files.h"
#include "node/state_file.h"
#include "node/state_keeper.h"

namespace naming::node {
namespace {

// How long Stop() waits for a loop that is told to leave its peers, which is
// bounded itself: a loop that is stuck must not keep the program from ending.
constexpr std::chrono::seconds kLeaveLimit{3};

constexpr int kMaxRecordedRequests = 1'000'000;

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
  if (status.ok() && (options.recorded_requests < 0 ||
                      options.recorded_requests > kMaxRecordedRequests)) {
    status = absl::InvalidArgumentError(
        "node: options.recorded_requests: must be in [0, 1000000]");
  }
  return status;
}

struct DiscoveryNode::Rep {
  explicit Rep(int recorded_requests)
      : record(static_cast<std::size_t>(recorded_requests)) {}

  // Returns whether there was memory enough.
  bool Build(DiscoveryNodeOptions options, ListenSocket socket);

  std::string address;
  std::string scheduler_dir;
  Quirks quirks;
  std::string own_address;                   // What other nodes know it by.
  std::vector<std::string> other_addresses;  // What else names it.
  RequestRecord record;
  Faults faults;
  std::unique_ptr<EventLoop> loop;  // Outlives what follows.

  // Touched by the loop's thread alone while that runs.
  std::optional<Directory> directory;
  std::optional<StateKeeper> state;
  std::optional<PeerHttpClient> http;
  std::optional<Replicator> replicator;  // None: it keeps to itself.
  std::optional<Handlers> handlers;
  std::optional<Intake> intake;
  std::unique_ptr<HttpServer> server;

  base::Mutex stop_mutex;
  bool is_stopped ABSL_GUARDED_BY(stop_mutex) = false;

  base::Mutex leave_mutex;
  base::CondVar has_left_changed;
  bool has_left ABSL_GUARDED_BY(leave_mutex) = false;

  void FindItself(const DiscoveryNodeOptions& options,
                  const base::HostPort& listening);
  void Assemble(DiscoveryNodeOptions options);
  void StartReplicator(const DiscoveryNodeOptions& options);
  void Leave();
};

bool DiscoveryNode::Rep::Build(DiscoveryNodeOptions options,
                               ListenSocket socket) {
  loop = EventLoop::Create();
  if (loop == nullptr) return false;
  if (options.hostname.empty()) {
    options.hostname =
        absl::StrFormat("%s:%d", HostName(), socket.address().port);
  }
  Assemble(std::move(options));
  intake.emplace(*loop, record, faults,
                 Intake::Steps{[this](RequestId id, const Request& request) {
                                 return handlers->Handle(id, request);
                               },
                               [this](RequestId id, const Response& response) {
                                 server->Reply(id, response);
                               },
                               [this](RequestId id) { server->Cut(id); }});
  server = HttpServer::Create(
      *loop, std::move(socket),
      [this](RequestId id, const Request& request) {
        return intake->Handle(id, request);
      },
      [this](RequestId id) {
        intake->Drop(id);
        directory->Drop(id);
      });
  return server != nullptr;
}

void DiscoveryNode::Rep::FindItself(const DiscoveryNodeOptions& options,
                                    const base::HostPort& listening) {
  other_addresses = OwnEntries(listening, options.nodes);
  own_address = OwnAddress(listening, other_addresses);
  for (const auto& [zone, nodes] : options.zones) {
    const std::vector<std::string> own = OwnEntries(listening, nodes);
    other_addresses.insert(other_addresses.end(), own.begin(), own.end());
  }
  other_addresses.push_back(listening.ToString());
}

// Makes what answers requests, behind the intake and the server.
void DiscoveryNode::Rep::Assemble(DiscoveryNodeOptions options) {
  const auto reply = [this](RequestId id, const Response& response) {
    intake->Reply(id, response);
  };
  directory.emplace(
      *loop,
      NodeIdentity{options.region, options.zone, options.env, options.hostname,
                   own_address, other_addresses},
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
  if (options.protect) handlers->ProtectReads();
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
  const std::string listen = options.listen;
  const auto unavailable = [&listen](std::string_view cause) {
    return absl::UnavailableError(
        absl::StrFormat("node: listen %s: %s", listen, cause));
  };
  absl::StatusOr<ListenSocket> socket =
      ListenSocket::Open(*base::ParseHostPort(listen));
  if (!socket.ok()) return unavailable(std::string(socket.status().message()));
  if (!options.state_file.empty()) {
    const absl::Status status = CheckWritable(options.state_file);
    if (!status.ok()) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "node: options.state_file: must be in a directory that can be "
          "written to: %s",
          std::string(status.message())));
    }
  }
  auto rep = std::make_unique<Rep>(options.recorded_requests);
  rep->address = socket->address().ToString();
  rep->scheduler_dir = options.scheduler_dir;
  rep->quirks = quirks;
  rep->FindItself(options, socket->address());
  if (!rep->Build(std::move(options), *std::move(socket))) {
    return unavailable("out of memory or file descriptors");
  }
  rep->directory->SetSchedulers(*std::move(schedulers));
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
  rep_->intake.reset();
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

int DiscoveryNode::Evict(std::string_view app_id, std::string_view hostname) {
  // Shared: when the node stops meanwhile the task may outlive this call.
  const auto count = std::make_shared<std::atomic<int>>(0);
  rep_->loop->Run([r = rep_.get(), count, app_id = std::string(app_id),
                   hostname = std::string(hostname)] {
    *count = r->directory->Evict(app_id, hostname);
  });
  return *count;
}

void DiscoveryNode::AddFault(Fault fault) {
  rep_->faults.Add(std::move(fault));
}

void DiscoveryNode::ClearFaults() { rep_->faults.Clear(); }

std::vector<ReceivedRequest> DiscoveryNode::requests() const {
  return rep_->record.requests();
}

void DiscoveryNode::ClearRequests() { rep_->record.Clear(); }

}  // namespace naming::node

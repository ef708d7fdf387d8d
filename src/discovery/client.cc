// SPDX-License-Identifier: Apache-2.0

#include "naming/discovery/client.h"

#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/check.h"
#include "base/worker.h"
#include "core/dispatcher.h"
#include "core/identity.h"
#include "core/keeper.h"
#include "core/logger.h"
#include "core/monitor.h"
#include "core/nodes.h"
#include "core/snapshot_saver.h"
#include "core/topics.h"
#include "discovery/lease.h"
#include "discovery/node_finder.h"
#include "discovery/poller.h"
#include "discovery/requester.h"
#include "net/cautious_http_client.h"
#include "net/curl_http_client.h"

namespace naming::discovery {
namespace {

// How far apart two answers are that empty a list: what stands before a node
// may be wrong once (C-20).
constexpr std::chrono::seconds kConfirmAfter{1};

std::vector<std::string> SeedUrls(const std::vector<std::string>& nodes) {
  std::vector<std::string> urls;
  for (const std::string& node : nodes) {
    std::string url = core::NodeUrl(node).value();  // Validate() has seen it.
    if (std::find(urls.begin(), urls.end(), url) == urls.end()) {
      urls.push_back(std::move(url));
    }
  }
  return urls;
}

Instance Complete(Instance instance, const ClientOptions& options) {
  if (instance.hostname.empty()) instance.hostname = options.hostname;
  // The nodes' data is told apart by hostname: two programs of one application
  // on one machine must not share it (C-48).
  if (instance.hostname.empty()) {
    instance.hostname = core::DefaultHostname(instance);
  }
  if (instance.region.empty()) instance.region = options.region;
  if (instance.zone.empty()) instance.zone = options.zone;
  if (instance.env.empty()) instance.env = options.env;
  if (!options.color.empty()) {
    instance.metadata.emplace(kMetadataColor, options.color);
  }
  if (options.flavour == Flavour::kKratos2) {
    instance.metadata.emplace(kMetadataKratos2Id, instance.hostname);
  }
  return instance;
}

core::NodesOptions MakeNodesOptions(const ClientOptions& options,
                                    std::uint64_t seed,
                                    std::function<void()> on_well_again) {
  core::NodesOptions made;
  made.backend = "discovery";
  made.seeds = SeedUrls(options.nodes);
  made.random_seed = seed;
  made.on_well_again = std::move(on_well_again);
  return made;
}

std::string PollerPrefix(std::uint64_t seed) {
  return absl::StrFormat("%s/%d/%x", core::OsHostname(), getpid(), seed);
}

RequesterOptions MakeRequesterOptions(const ClientOptions& options,
                                      core::Purpose purpose,
                                      std::uint64_t seed) {
  RequesterOptions made;
  made.user_agent = core::UserAgent();
  made.app_id = options.app_id;
  made.env = options.env;
  made.poller_prefix = PollerPrefix(seed);
  made.connect_timeout = options.connect_timeout;
  made.request_timeout = options.request_timeout;
  made.purpose = purpose;
  return made;
}

PollerOptions MakePollerOptions(const ClientOptions& options,
                                std::uint64_t seed) {
  PollerOptions made;
  made.env = options.env;
  made.hold = options.poll_hold;
  made.poller_prefix = PollerPrefix(seed);
  made.seed = seed;
  return made;
}

NodeFinderOptions MakeNodeFinderOptions(const ClientOptions& options,
                                        std::uint64_t seed) {
  NodeFinderOptions made;
  made.zone = options.zone;
  made.env = options.env;
  made.interval = options.nodes_interval;
  made.seed = seed;
  return made;
}

core::TopicSetting MakeTopicSetting(
    const ClientOptions& options, std::shared_ptr<core::Dispatcher> dispatcher,
    std::shared_ptr<core::Monitor> monitor,
    std::shared_ptr<core::SnapshotSaver> saver) {
  core::TopicSetting made;
  made.backend = "discovery";
  made.dispatcher = std::move(dispatcher);
  made.shrink = options.shrink;
  made.monitor = std::move(monitor);
  made.confirm_after = kConfirmAfter;
  made.saver = std::move(saver);
  return made;
}

// Null: the lists aren't kept in files. On the loop that may best wait for the
// disk: a renewal has much time, a poll's answer and a callback have none.
std::shared_ptr<core::SnapshotSaver> MakeSaver(
    const ClientOptions& options, base::Loop* loop,
    std::shared_ptr<core::Monitor> monitor,
    std::shared_ptr<core::Logger> logger) {
  if (options.snapshot_dir.empty()) return nullptr;
  core::SnapshotSaverOptions made;
  made.directory = options.snapshot_dir;
  made.backend = "discovery";
  made.scope = absl::StrFormat("discovery %s", options.env);
  made.max_age = options.snapshot_max_age;
  return std::make_shared<core::SnapshotSaver>(
      loop, std::move(monitor), std::move(logger), std::move(made));
}

core::KeeperOptions MakeKeeperOptions(const ClientOptions& options,
                                      std::uint64_t seed,
                                      std::shared_ptr<core::Monitor> monitor) {
  core::KeeperOptions made;
  made.backend = "discovery";
  made.refresh_interval = options.renew_interval;
  made.cancel_timeout = options.cancel_timeout;
  made.seed = seed;
  made.monitor = std::move(monitor);
  return made;
}

}  // namespace

// Two loops, each with its own connections, so that a renewal never waits for
// what a poll brings.
struct Client::Rep {
  Rep(ClientOptions client_options, std::uint64_t seed)
      : options(std::move(client_options)),
        logger(std::make_shared<core::Logger>(options.log_sink)),
        dispatcher(
            std::make_shared<core::Dispatcher>("naming-poll", &poll_http)),
        poll_loop(dispatcher->loop()),
        monitor(std::make_shared<core::Monitor>(base::Clock::Real(), dispatcher,
                                                logger, options.event_sink)),
        nodes(base::Clock::Real(), logger,
              MakeNodesOptions(options, seed,
                               [this] { poller.OnNodeWellAgain(); }),
              monitor),
        renew_worker("naming-renew", &renew_http),
        cautious_http(renew_worker, renew_http),
        poll_requester(
            base::Clock::Real(), poll_http, nodes,
            MakeRequesterOptions(options, core::Purpose::kRead, seed)),
        renew_requester(
            base::Clock::Real(), cautious_http, nodes,
            MakeRequesterOptions(options, core::Purpose::kAny, seed)),
        poller(poll_loop, poll_requester, MakePollerOptions(options, seed)),
        node_finder(poll_loop, poll_requester,
                    MakeNodeFinderOptions(options, seed)),
        saver(MakeSaver(options, &renew_worker, monitor, logger)),
        topics(std::make_shared<core::Topics>(
            &poller, MakeTopicSetting(options, dispatcher, monitor, saver))),
        keeper(
            &renew_worker, dispatcher, logger,
            [this](const Instance& instance) {
              return std::make_unique<Lease>(renew_worker, renew_requester,
                                             instance, options.cancel_timeout);
            },
            MakeKeeperOptions(options, seed, monitor)) {}

  // The loops end before what their tasks use is destroyed.
  ~Rep() {
    topics->Close();
    dispatcher->StopLoop();
    keeper.Close();
    renew_worker.Stop();
    if (saver != nullptr) saver->Close(core::SnapshotSaver::kPatience);
    dispatcher->Stop();
  }

  const ClientOptions options;
  const std::shared_ptr<core::Logger> logger;
  net::CurlHttpClient poll_http;
  const std::shared_ptr<core::Dispatcher> dispatcher;
  base::Loop& poll_loop;
  const std::shared_ptr<core::Monitor> monitor;
  core::Nodes nodes;
  net::CurlHttpClient renew_http;
  base::Worker renew_worker;
  // For registrations, which may be many; a request of the Poller is for many
  // applications. What waited in line would also make polls that come after it
  // open new connections, of which the Poller trusts none.
  net::CautiousHttpClient cautious_http;
  Requester poll_requester;
  Requester renew_requester;
  Poller poller;
  NodeFinder node_finder;
  const std::shared_ptr<core::SnapshotSaver> saver;
  const std::shared_ptr<core::Topics> topics;
  core::Keeper keeper;
};

Client::Client(std::unique_ptr<Rep> rep) : rep_(std::move(rep)) {}

Client::~Client() = default;

absl::StatusOr<std::unique_ptr<Client>> Client::Create(ClientOptions options) {
  absl::Status valid = Validate(options);
  if (!valid.ok()) return valid;
  auto rep = std::make_unique<Rep>(std::move(options), core::RandomSeed());
  rep->node_finder.Begin();
  return std::unique_ptr<Client>(new Client(std::move(rep)));
}

absl::StatusOr<Registration> Client::Register(Instance instance,
                                              const RegisterOptions& options) {
  return rep_->keeper.Register(Complete(std::move(instance), rep_->options),
                               options);
}

std::string_view Client::scheme() const { return "discovery"; }

absl::StatusOr<std::unique_ptr<Resolver>> Client::Build(const Target& target) {
  absl::Status valid = CheckTarget(target);
  if (valid.ok()) valid = base::CheckName("target.app_id", target.app_id);
  if (!valid.ok()) return valid;
  return rep_->topics->Resolve(target.app_id);
}

std::vector<std::string> Client::nodes() const { return rep_->nodes.All(); }

ClientState Client::state() const { return rep_->monitor->state(); }

ClientStats Client::stats() const { return rep_->monitor->counters().Stats(); }

}  // namespace naming::discovery

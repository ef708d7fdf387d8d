// SPDX-License-Identifier: Apache-2.0

#include "naming/etcd/client.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/text.h"
#include "core/dispatcher.h"
#include "core/identity.h"
#include "core/keeper.h"
#include "core/logger.h"
#include "core/monitor.h"
#include "core/nodes.h"
#include "core/snapshot_saver.h"
#include "core/topics.h"
#include "etcd/follower.h"
#include "etcd/heartbeat.h"
#include "etcd/layout.h"
#include "etcd/lease.h"
#include "etcd/members.h"
#include "etcd/place.h"
#include "etcd/requester.h"
#include "net/curl_http_client.h"

namespace naming::etcd {
namespace {

using std::chrono::milliseconds;

// Own keys are looked at so often, however long a lease lives: one that was
// deleted by hand is soon there again.
constexpr milliseconds kLongestRefreshInterval{5000};

Instance Complete(Instance instance, const ClientOptions& options,
                  const LayoutCodec& layout) {
  if (instance.hostname.empty()) instance.hostname = options.hostname;
  if (instance.hostname.empty()) {
    const auto by_layout = layout.HostnameOf(instance);
    instance.hostname =
        by_layout ? *by_layout : core::DefaultHostname(instance);
  }
  if (instance.region.empty()) instance.region = options.region;
  if (instance.zone.empty()) instance.zone = options.zone;
  if (instance.env.empty()) instance.env = options.env;
  return instance;
}

core::NodesOptions MakeNodesOptions(const ClientOptions& options,
                                    std::uint64_t seed) {
  core::NodesOptions made;
  made.backend = "etcd";
  made.seeds = MemberUrls(options.nodes);
  // A lease is short.
  made.max_backoff = std::chrono::seconds(2);
  made.random_seed = seed;
  return made;
}

net::TlsOptions MakeTlsOptions(const ClientOptions& options) {
  net::TlsOptions made;
  made.ca_file = options.ca_file;
  made.cert_file = options.cert_file;
  made.key_file = options.key_file;
  made.is_checked = !options.skips_server_check;
  return made;
}

RequesterOptions MakeRequesterOptions(const ClientOptions& options,
                                      std::uint64_t seed) {
  RequesterOptions made;
  made.user_agent = core::UserAgent();
  made.user = options.user;
  made.password = options.password;
  made.connect_timeout = options.connect_timeout;
  made.request_timeout = options.request_timeout;
  made.seed = seed;
  return made;
}

FollowerOptions MakeFollowerOptions(const ClientOptions& options,
                                    std::uint64_t seed) {
  FollowerOptions made;
  made.resync_interval = options.resync_interval;
  made.stream.begin_timeout = options.request_timeout;
  made.seed = seed;
  return made;
}

LeaseOptions MakeLeaseOptions(const ClientOptions& options,
                              const LayoutCodec& layout) {
  LeaseOptions made;
  made.ttl = options.ttl.count() > 0 ? options.ttl : layout.ttl();
  made.refresh_interval =
      std::min(milliseconds(made.ttl) / 3, kLongestRefreshInterval);
  return made;
}

core::KeeperOptions MakeKeeperOptions(const ClientOptions& options,
                                      const LeaseOptions& lease,
                                      std::uint64_t seed,
                                      std::shared_ptr<core::Monitor> monitor) {
  core::KeeperOptions made;
  made.backend = "etcd";
  made.refresh_interval = lease.refresh_interval;
  made.refresh_slot = std::min(lease.refresh_interval / 4, milliseconds(500));
  made.lease = lease.ttl;
  made.max_retry = std::chrono::seconds(2);
  made.cancel_timeout = options.cancel_timeout;
  made.seed = seed;
  made.monitor = std::move(monitor);
  return made;
}

// Null: the lists aren't kept in files. A keepalive may well wait for a file to
// be written.
std::shared_ptr<core::SnapshotSaver> MakeSaver(
    const ClientOptions& options, base::Loop* loop,
    std::shared_ptr<core::Monitor> monitor,
    std::shared_ptr<core::Logger> logger) {
  if (options.snapshot_dir.empty()) return nullptr;
  core::SnapshotSaverOptions made;
  made.directory = options.snapshot_dir;
  made.backend = "etcd";
  made.scope = absl::StrFormat("etcd %s %s\n%s\n%s\n%s",
                               ToString(options.layout), options.prefix,
                               options.region, options.zone, options.env);
  made.max_age = options.snapshot_max_age;
  return std::make_shared<core::SnapshotSaver>(
      loop, std::move(monitor), std::move(logger), std::move(made));
}

ShrinkPolicy MakeShrinkPolicy(const ClientOptions& options,
                              const LeaseOptions& lease) {
  if (options.shrink) return *options.shrink;
  ShrinkPolicy made;
  made.grace = milliseconds(lease.ttl) * 4 / 3;
  return made;
}

core::TopicSetting MakeTopicSetting(
    const ClientOptions& options, const LeaseOptions& lease,
    std::shared_ptr<core::Dispatcher> dispatcher,
    std::shared_ptr<core::Monitor> monitor,
    std::shared_ptr<core::SnapshotSaver> saver) {
  core::TopicSetting made;
  made.backend = "etcd";
  made.dispatcher = std::move(dispatcher);
  made.shrink = MakeShrinkPolicy(options, lease);
  made.monitor = std::move(monitor);
  made.saver = std::move(saver);
  return made;
}

}  // namespace

struct Client::Rep {
  Rep(ClientOptions client_options, std::uint64_t seed)
      : options(std::move(client_options)),
        scheme(SchemeOf(options.layout)),
        layout(MakeLayout(options)),
        lease_options(MakeLeaseOptions(options, *layout)),
        logger(std::make_shared<core::Logger>(options.log_sink)),
        http(MakeTlsOptions(options)),
        dispatcher(std::make_shared<core::Dispatcher>("naming-poll", &http)),
        loop(dispatcher->loop()),
        monitor(std::make_shared<core::Monitor>(base::Clock::Real(), dispatcher,
                                                logger, options.event_sink)),
        nodes(base::Clock::Real(), logger, MakeNodesOptions(options, seed),
              monitor),
        requester(loop, http, nodes, MakeRequesterOptions(options, seed)),
        heartbeat(loop, requester),
        follower(loop, requester, *layout, logger,
                 MakeFollowerOptions(options, seed)),
        saver(MakeSaver(options, &loop, monitor, logger)),
        topics(std::make_shared<core::Topics>(
            &follower, MakeTopicSetting(options, lease_options, dispatcher,
                                        monitor, saver))),
        keeper(
            &loop, dispatcher, logger,
            [this](const Instance& instance) {
              return std::make_unique<Lease>(loop, requester, heartbeat,
                                             *layout, lease_options, instance);
            },
            MakeKeeperOptions(options, lease_options, seed, monitor)) {
    requester.set_on_node_failed(
        [this](const std::string& node) { follower.OnNodeFailed(node); });
  }

  // The loop ends before what its tasks use is destroyed.
  ~Rep() {
    topics->Close();
    keeper.Close();
    dispatcher->StopLoop();
    if (saver != nullptr) saver->Close(core::SnapshotSaver::kPatience);
    dispatcher->Stop();
  }

  const ClientOptions options;
  const std::string scheme;
  const std::unique_ptr<const LayoutCodec> layout;
  const LeaseOptions lease_options;
  const std::shared_ptr<core::Logger> logger;
  net::CurlHttpClient http;
  const std::shared_ptr<core::Dispatcher> dispatcher;
  base::Loop& loop;
  const std::shared_ptr<core::Monitor> monitor;
  core::Nodes nodes;
  Requester requester;
  Heartbeat heartbeat;
  Follower follower;
  const std::shared_ptr<core::SnapshotSaver> saver;
  const std::shared_ptr<core::Topics> topics;
  core::Keeper keeper;
};

Client::Client(std::unique_ptr<Rep> rep) : rep_(std::move(rep)) {}

Client::~Client() = default;

absl::StatusOr<std::unique_ptr<Client>> Client::Create(ClientOptions options) {
  absl::Status valid = Validate(options);
  if (!valid.ok()) return valid;
  return std::unique_ptr<Client>(new Client(
      std::make_unique<Rep>(std::move(options), core::RandomSeed())));
}

absl::StatusOr<Registration> Client::Register(Instance instance,
                                              const RegisterOptions& options) {
  instance = Complete(std::move(instance), rep_->options, *rep_->layout);
  const absl::Status status = rep_->layout->Check(instance);
  if (!status.ok()) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "etcd: register %s: %s", base::Excerpt(instance.app_id, 200),
        std::string(status.message())));
  }
  return rep_->keeper.Register(std::move(instance), options);
}

std::string_view Client::scheme() const { return rep_->scheme; }

absl::StatusOr<std::unique_ptr<Resolver>> Client::Build(const Target& target) {
  absl::Status valid = CheckTarget(target);
  if (!valid.ok()) return valid;
  const auto app_id = AppIdOf(target, rep_->options);
  if (!app_id.ok()) return app_id.status();
  return rep_->topics->Resolve(*app_id);
}

std::vector<std::string> Client::nodes() const { return rep_->nodes.All(); }

ClientState Client::state() const { return rep_->monitor->state(); }

ClientStats Client::stats() const { return rep_->monitor->counters().Stats(); }

std::int64_t Client::bad_values() const { return rep_->follower.bad_values(); }

}  // namespace naming::etcd

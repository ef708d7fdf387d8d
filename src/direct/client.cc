// SPDX-License-Identifier: Apache-2.0

#include "naming/direct/client.h"

#include <utility>

#include "absl/strings/str_format.h"
#include "base/text.h"
#include "base/url.h"
#include "core/dispatcher.h"
#include "core/identity.h"
#include "core/keeper.h"
#include "core/logger.h"
#include "core/topics.h"

namespace naming::direct {
namespace {

std::vector<std::string> SplitList(std::string_view list) {
  std::vector<std::string> parts;
  for (const std::string_view part : base::Split(list, ',')) {
    const std::string_view trimmed = base::Trim(part);
    if (!trimmed.empty()) parts.emplace_back(trimmed);
  }
  return parts;
}

// Returns the Instances at `addrs`: each is called by its address.
absl::StatusOr<std::vector<Instance>> InstancesAt(
    const std::vector<std::string>& addrs, const ClientOptions& options,
    const std::string& app_id) {
  std::vector<Instance> instances;
  for (const std::string& addr : addrs) {
    const bool has_scheme = addr.find("://") != std::string::npos;
    const auto address = base::ParseAddress(
        has_scheme ? addr
                   : absl::StrFormat("%s://%s", options.addr_scheme, addr));
    if (!address) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "must be \"host:port\", is \"%s\"", base::Excerpt(addr, 100)));
    }
    Instance instance;
    instance.app_id = app_id;
    instance.hostname = address->host_port.ToString();
    instance.zone = options.zone;
    instance.addrs = {absl::StrFormat("%s://%s", address->scheme,
                                      address->host_port.ToString())};
    instances.push_back(std::move(instance));
  }
  return instances;
}

// Nobody to tell: everything succeeds.
class Lease final : public core::Lease {
 public:
  explicit Lease(base::Loop& loop) : loop_(loop) {}
  ~Lease() override { Abort(); }

  void Put(const Instance&, Done done) override { Succeed(std::move(done)); }
  void Refresh(Done done) override { Succeed(std::move(done)); }
  void Remove(Done done) override { Succeed(std::move(done)); }
  void Abort() override { loop_.CancelTimer(std::exchange(timer_, 0)); }

 private:
  void Succeed(Done done) {
    timer_ = loop_.RunAfter(base::Clock::Duration::zero(),
                            [this, done = std::move(done)] {
                              timer_ = 0;
                              done(absl::OkStatus());
                            });
  }

  base::Loop& loop_;
  base::Loop::TimerId timer_ = 0;
};

// Feeds each Topic its list at once, which never changes.
class Source final : public core::Source {
 public:
  explicit Source(const ClientOptions& options) : options_(options) {}

  void Follow(std::shared_ptr<core::Topic> topic) override {
    const auto addrs =
        options_.addrs.empty() ? SplitList(topic->app_id()) : options_.addrs;
    auto instances = InstancesAt(addrs, options_, topic->app_id());
    core::List list;
    list.instances = *std::move(instances);  // Build() has seen it.
    topic->Publish(std::move(list));
  }

  void Unfollow(std::shared_ptr<core::Topic>) override {}

 private:
  const ClientOptions& options_;
};

core::TopicSetting MakeTopicSetting(
    std::shared_ptr<core::Dispatcher> dispatcher) {
  core::TopicSetting made;
  made.backend = "direct";
  made.dispatcher = std::move(dispatcher);
  return made;
}

core::KeeperOptions MakeKeeperOptions() {
  core::KeeperOptions made;
  made.backend = "direct";
  made.refresh_interval = std::chrono::hours(24);
  made.lease = std::chrono::hours(24 * 7);
  return made;
}

}  // namespace

struct Client::Rep {
  explicit Rep(ClientOptions client_options)
      : options(std::move(client_options)),
        dispatcher(std::make_shared<core::Dispatcher>()),
        source(options),
        topics(std::make_shared<core::Topics>(&source,
                                              MakeTopicSetting(dispatcher))),
        keeper(
            &dispatcher->loop(), dispatcher,
            std::make_shared<core::Logger>(LogSink()),
            [this](const Instance&) {
              return std::make_unique<Lease>(dispatcher->loop());
            },
            MakeKeeperOptions()) {}

  ~Rep() {
    topics->Close();
    keeper.Close();
    dispatcher->Stop();
  }

  const ClientOptions options;
  const std::shared_ptr<core::Dispatcher> dispatcher;
  Source source;
  const std::shared_ptr<core::Topics> topics;
  core::Keeper keeper;
};

absl::Status Validate(const ClientOptions& options) {
  for (std::size_t i = 0; i < options.addrs.size(); ++i) {
    const auto instances = InstancesAt({options.addrs[i]}, options, "x");
    if (instances.ok()) continue;
    return absl::InvalidArgumentError(
        absl::StrFormat("direct: options.addrs[%d]: %s", i,
                        std::string(instances.status().message())));
  }
  if (!base::ParseAddress(absl::StrFormat("%s://h:1", options.addr_scheme))) {
    return absl::InvalidArgumentError(
        "direct: options.addr_scheme: must be a URL's scheme");
  }
  return absl::OkStatus();
}

Client::Client(std::unique_ptr<Rep> rep) : rep_(std::move(rep)) {}

Client::~Client() = default;

absl::StatusOr<std::unique_ptr<Client>> Client::Create(ClientOptions options) {
  absl::Status valid = Validate(options);
  if (!valid.ok()) return valid;
  return std::unique_ptr<Client>(
      new Client(std::make_unique<Rep>(std::move(options))));
}

absl::StatusOr<Registration> Client::Register(Instance instance,
                                              const RegisterOptions& options) {
  if (instance.hostname.empty()) {
    instance.hostname = core::DefaultHostname(instance);
  }
  if (instance.zone.empty()) instance.zone = rep_->options.zone;
  return rep_->keeper.Register(std::move(instance), options);
}

std::string_view Client::scheme() const { return "direct"; }

absl::StatusOr<std::unique_ptr<Resolver>> Client::Build(const Target& target) {
  absl::Status valid = CheckTarget(target);
  if (!valid.ok()) return valid;
  if (rep_->options.addrs.empty()) {
    const auto instances =
        InstancesAt(SplitList(target.app_id), rep_->options, target.app_id);
    if (!instances.ok()) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "target.app_id: %s", std::string(instances.status().message())));
    }
    if (instances->empty()) {
      return absl::InvalidArgumentError(
          "target.app_id: must name at least one address");
    }
  }
  return rep_->topics->Resolve(target.app_id);
}

}  // namespace naming::direct

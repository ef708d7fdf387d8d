// SPDX-License-Identifier: Apache-2.0

#include "naming/testing/fake_backend.h"

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/check.h"
#include "base/url.h"
#include "core/answer.h"
#include "core/dispatcher.h"
#include "core/keeper.h"
#include "core/logger.h"
#include "core/topic.h"
#include "core/topics.h"

namespace naming::testing {
namespace {

using std::chrono::milliseconds;

// What the backend holds, and what it answers.
//
// Lives on the loop.
class FakeRegistry final {
 public:
  // `on_change` is called with each application whose list may have changed.
  explicit FakeRegistry(std::function<void(const std::string&)> on_change)
      : on_change_(std::move(on_change)) {}

  bool is_available() const { return is_available_; }
  void set_available(bool is_available) { is_available_ = is_available; }

  void Put(const Instance& instance) {
    apps_[instance.app_id][KeyOf(instance)] = instance;
    on_change_(instance.app_id);
  }

  // The application stays known: those who watch it see that it has none left.
  void Remove(const Instance& instance) {
    const auto app = apps_.find(instance.app_id);
    if (app == apps_.end() || app->second.erase(KeyOf(instance)) == 0) return;
    on_change_(instance.app_id);
  }

  bool Holds(const Instance& instance) const {
    const auto app = apps_.find(instance.app_id);
    if (app == apps_.end()) return false;
    const auto it = app->second.find(KeyOf(instance));
    return it != app->second.end() && it->second == instance;
  }

  void Set(const std::string& app_id, std::vector<Instance> instances) {
    Held& held = apps_[app_id];
    held.clear();
    for (Instance& instance : instances) {
      instance.app_id = app_id;
      Key key = KeyOf(instance);
      held.insert_or_assign(std::move(key), std::move(instance));
    }
    on_change_(app_id);
  }

  void Forget() { apps_.clear(); }

  // Returns what it holds for `app_id`; nullopt: it knows no such application.
  std::optional<std::vector<Instance>> List(const std::string& app_id) const {
    const auto app = apps_.find(app_id);
    if (app == apps_.end()) return std::nullopt;
    std::vector<Instance> instances;
    for (const auto& [key, instance] : app->second) {
      instances.push_back(instance);
    }
    return instances;
  }

 private:
  using Key = std::tuple<std::string, std::string, std::string>;
  using Held = std::map<Key, Instance>;

  static Key KeyOf(const Instance& instance) {
    return {instance.zone, instance.hostname, instance.env};
  }

  const std::function<void(const std::string&)> on_change_;
  std::map<std::string, Held> apps_;
  bool is_available_ = true;
};

// A registration with a FakeRegistry, which answers in the loop's next task.
class FakeRegistryLease final : public core::Lease {
 public:
  FakeRegistryLease(base::Loop* loop, FakeRegistry* registry)
      : loop_(*loop), registry_(*registry) {}

  ~FakeRegistryLease() override { Abort(); }

  void Put(const Instance& instance, Done done) override {
    instance_ = instance;
    Answer("register", std::move(done), [this] {
      registry_.Put(instance_);
      return absl::OkStatus();
    });
  }

  void Refresh(Done done) override {
    Answer("renew", std::move(done), [this] {
      if (registry_.Holds(instance_)) return absl::OkStatus();
      return absl::NotFoundError(
          absl::StrFormat("fake: renew %s: it isn't registered, or something "
                          "else is in its place",
                          instance_.app_id));
    });
  }

  void Remove(Done done) override {
    Answer("cancel", std::move(done), [this] {
      registry_.Remove(instance_);
      return absl::OkStatus();
    });
  }

  void Abort() override { loop_.CancelTimer(std::exchange(answer_, 0)); }

 private:
  void Answer(std::string_view verb, Done done,
              std::function<absl::Status()> execute) {
    answer_ =
        loop_.RunAfter(base::Clock::Duration::zero(),
                       [this, verb = std::string(verb), done = std::move(done),
                        execute = std::move(execute)] {
                         answer_ = 0;
                         if (registry_.is_available()) return done(execute());
                         done(absl::UnavailableError(absl::StrFormat(
                             "fake: %s %s: the backend is unavailable", verb,
                             instance_.app_id)));
                       });
  }

  base::Loop& loop_;
  FakeRegistry& registry_;
  Instance instance_;
  base::Loop::TimerId answer_ = 0;
};

// Feeds the Topics that are in use.
//
// Follow() and Unfollow() as core::Source says; the rest lives on the loop.
class FakeSource final : public core::Source {
 public:
  FakeSource(base::Loop* loop, const FakeRegistry* registry)
      : loop_(*loop), registry_(*registry) {}

  void Follow(std::shared_ptr<core::Topic> topic) override {
    loop_.Post([this, topic = std::move(topic)] {
      followed_[topic->app_id()] = topic;
      Feed(*topic);
    });
  }

  void Unfollow(std::shared_ptr<core::Topic> topic) override {
    loop_.Post(
        [this, topic = std::move(topic)] { followed_.erase(topic->app_id()); });
  }

  void Feed(const std::string& app_id) const {
    const auto it = followed_.find(app_id);
    if (it != followed_.end()) Feed(*it->second);
  }

  void FeedAll() const {
    for (const auto& [app_id, topic] : followed_) Feed(*topic);
  }

 private:
  void Feed(core::Topic& topic) const {
    const std::string& app_id = topic.app_id();
    if (!registry_.is_available()) {
      topic.ReportError(absl::UnavailableError(absl::StrFormat(
          "fake: fetch %s: the backend is unavailable", app_id)));
      return;
    }
    auto instances = registry_.List(app_id);
    if (!instances) {
      topic.ReportMissing(absl::NotFoundError(absl::StrFormat(
                              "fake: fetch %s: no such application", app_id)),
                          false);
      return;
    }
    core::List list;
    list.instances = *std::move(instances);
    list.is_live = true;
    topic.Publish(std::move(list));
  }

  base::Loop& loop_;
  const FakeRegistry& registry_;
  std::map<std::string, std::shared_ptr<core::Topic>> followed_;
};

core::TopicSetting MakeTopicSetting(
    std::shared_ptr<core::Dispatcher> dispatcher) {
  core::TopicSetting setting;
  setting.backend = "fake";
  setting.dispatcher = std::move(dispatcher);
  return setting;
}

core::KeeperOptions MakeKeeperOptions() {
  core::KeeperOptions options;
  options.backend = "fake";
  // Whoever waits for the backend to be available again is a test.
  options.first_retry = milliseconds(5);
  options.max_retry = milliseconds(50);
  return options;
}

Instance Complete(Instance instance) {
  if (instance.hostname.empty()) {
    const auto address = instance.addrs.empty()
                             ? std::nullopt
                             : base::ParseAddress(instance.addrs.front());
    instance.hostname = address ? address->host_port.ToString() : "localhost";
  }
  if (instance.region.empty()) instance.region = "region01";
  if (instance.zone.empty()) instance.zone = "zone01";
  if (instance.env.empty()) instance.env = "dev";
  return instance;
}

}  // namespace

struct FakeBackend::Rep {
  ~Rep() {
    topics->Close();
    keeper.Close();
    dispatcher->Stop();
  }

  // Runs `task` on the loop and waits for it.
  void Run(const std::function<void()>& task) {
    core::Answer done;
    dispatcher->loop().Post([&task, &done] {
      task();
      done.Give(absl::OkStatus());
    });
    done.Get().IgnoreError();
  }

  const std::shared_ptr<core::Dispatcher> dispatcher =
      std::make_shared<core::Dispatcher>();
  FakeRegistry registry{
      [this](const std::string& app_id) { source.Feed(app_id); }};
  // One loop for both halves: nothing here ever takes long.
  base::Loop& loop = dispatcher->loop();
  FakeSource source{&loop, &registry};
  const std::shared_ptr<core::Topics> topics =
      std::make_shared<core::Topics>(&source, MakeTopicSetting(dispatcher));
  core::Keeper keeper{
      &loop, dispatcher, std::make_shared<core::Logger>(nullptr),
      [this](const Instance&) {
        return std::make_unique<FakeRegistryLease>(&loop, &registry);
      },
      MakeKeeperOptions()};
};

std::unique_ptr<FakeBackend> FakeBackend::Create() {
  return std::unique_ptr<FakeBackend>(new FakeBackend(std::make_unique<Rep>()));
}

FakeBackend::FakeBackend(std::unique_ptr<Rep> rep) : rep_(std::move(rep)) {}

FakeBackend::~FakeBackend() = default;

absl::StatusOr<Registration> FakeBackend::Register(
    Instance instance, const RegisterOptions& options) {
  return rep_->keeper.Register(Complete(std::move(instance)), options);
}

std::string_view FakeBackend::scheme() const { return "fake"; }

absl::StatusOr<std::unique_ptr<Resolver>> FakeBackend::Build(
    const Target& target) {
  absl::Status status = CheckTarget(target);
  if (status.ok()) status = base::CheckName("target.app_id", target.app_id);
  if (!status.ok()) return status;
  return rep_->topics->Resolve(target.app_id);
}

void FakeBackend::SetInstances(std::string_view app_id,
                               std::vector<Instance> instances) {
  rep_->Run(
      [&] { rep_->registry.Set(std::string(app_id), std::move(instances)); });
}

void FakeBackend::Forget() {
  rep_->Run([&] {
    rep_->registry.Forget();
    rep_->source.FeedAll();
  });
}

void FakeBackend::Refresh() { rep_->keeper.RefreshAll(); }

void FakeBackend::SetAvailable(bool available) {
  rep_->Run([&] {
    rep_->registry.set_available(available);
    rep_->source.FeedAll();
  });
}

std::vector<Instance> FakeBackend::instances(std::string_view app_id) const {
  std::vector<Instance> instances;
  rep_->Run([&] {
    instances = rep_->registry.List(std::string(app_id))
                    .value_or(std::vector<Instance>());
  });
  return instances;
}

}  // namespace naming::testing

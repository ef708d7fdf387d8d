// SPDX-License-Identifier: Apache-2.0

#include "balanced/front.h"

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "naming/balancer/round_robin.h"
#include "tests/support/catch.h"
#include "tests/support/fake_clock.h"
#include "tests/support/instances.h"
#include "tests/support/manual_resolver.h"

namespace naming::balanced {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::MakeInstance;
using testing::ManualClient;

using Result = Outcome::Result;

Instance At(const std::string& host) {
  Instance instance = MakeInstance("demo", host);
  instance.addrs = {"grpc://" + host + ":90"};
  return instance;
}

// A Front over three providers, of which some are dead.
class FrontWorld {
 public:
  FrontWorld() { client.Publish({At("a"), At("b"), At("c")}); }
  ~FrontWorld() { Close(); }
  FrontWorld(const FrontWorld&) = delete;
  FrontWorld& operator=(const FrontWorld&) = delete;

  Front& Start() {
    Front::Setting setting;
    setting.app_id = "demo";
    setting.clock = &clock;
    if (listens) {
      setting.on_event = [this](const EjectionEvent& event) {
        events.push_back(std::string(ToString(event.kind)) + " " +
                         event.address);
        if (on_event) on_event();
      };
    }
    if (balancer == nullptr) {
      balancer =
          std::make_unique<balancer::RoundRobin>(balancer::Options{color, 0});
    }
    front = std::make_shared<Front>(std::move(setting), client.Build(),
                                    std::move(balancer));
    front->Begin();
    return *front;
  }

  void Close() {
    if (front != nullptr) front->Close();
    front.reset();
  }

  // Makes `count` calls; returns how many went where.
  std::map<std::string, int> Call(int count) {
    std::map<std::string, int> calls;
    for (int i = 0; i < count && front != nullptr; ++i) {
      auto pick = front->Choose(nullptr);
      REQUIRE(pick.ok());
      const std::string& address = pick->endpoint().address;
      ++calls[address];
      Outcome outcome;
      if (address == dead) outcome.result = Result::kTimeout;
      pick->Done(outcome);
    }
    return calls;
  }

  testing::FakeClock clock;
  ManualClient client;
  std::string dead;
  std::string color;  // Of the Balancer.
  std::unique_ptr<Balancer> balancer;
  bool listens = true;
  std::vector<std::string> events;
  std::function<void()> on_event;
  std::shared_ptr<Front> front;
};

TEST_CASE("The next call decides; events wait for the client's thread",
          "[front]") {
  FrontWorld world;
  world.Start();
  world.client.Run();
  const int watches = world.client.watches();
  world.dead = "b:90";
  CHECK(world.Call(30)["b:90"] == 5);
  CHECK(world.events.empty());
  CHECK(world.client.watches() == watches + 1);  // It is asked once.
  world.client.Run();
  CHECK(world.events == std::vector<std::string>{"ejected b:90"});
  CHECK(world.Call(30)["b:90"] == 0);
  CHECK(world.front->stats().ejected == 1);
  CHECK(world.front->stats().ejections == 1);
  CHECK(world.front->endpoints().size() == 3);

  SECTION("and its return") {
    world.clock.Advance(seconds(10));
    world.dead.clear();
    CHECK(world.Call(1)["b:90"] == 1);
    world.Call(1);
    CHECK(world.events.size() == 1);
    world.client.Run();
    CHECK(world.events ==
          std::vector<std::string>{"ejected b:90", "returned b:90"});
    CHECK(world.Call(30)["b:90"] == 10);
    CHECK(world.front->stats().probes == 1);
    CHECK(world.front->stats().returns == 1);
    CHECK(world.front->stats().ejected == 0);
  }
  SECTION("and a failing probe, which keeps it out") {
    world.clock.Advance(seconds(10));
    CHECK(world.Call(30)["b:90"] == 1);
    CHECK(world.Call(30)["b:90"] == 0);
    world.clock.Advance(milliseconds(19'999));
    world.Call(1);
    CHECK(world.Call(30)["b:90"] == 0);
  }
  SECTION("and it stays out through updates") {
    world.client.Publish({At("a"), At("b"), At("c"), At("d")});
    world.client.Run();
    CHECK(world.Call(30)["b:90"] == 0);
    CHECK(world.Call(30)["d:90"] == 10);
  }
}

Instance Colored(const std::string& host, const std::string& color) {
  Instance instance = At(host);
  instance.metadata["color"] = color;
  return instance;
}

// One of each color is out, its time is over, and no probe of it was taken yet.
void EjectOneOfEachColor(FrontWorld& world) {
  world.color = "blue";
  world.client.Publish({At("a"), At("b"), At("c"), Colored("x", "blue"),
                        Colored("y", "blue"), Colored("z", "blue")});
  world.Start();
  world.client.Run();
  Outcome failure;
  failure.result = Result::kFailure;
  PickOptions green;
  green.color = "green";  // Nobody's.
  for (const PickOptions& options : {PickOptions(), green}) {
    for (int i = 0; i < 15; ++i) {
      auto pick = world.front->Choose(&options);
      REQUIRE(pick.ok());
      const std::string& address = pick->endpoint().address;
      const bool is_bad = address == "a:90" || address == "x:90";
      pick->Done(is_bad ? failure : Outcome());
    }
  }
  world.client.Run();
  REQUIRE(world.front->stats().ejected == 2);
  world.clock.Advance(seconds(10));
}

TEST_CASE("A probe is a call of the color that the balancer chose", "[front]") {
  FrontWorld world;
  EjectOneOfEachColor(world);
  CHECK(world.Call(1)["x:90"] == 1);
  auto calls = world.Call(30);
  CHECK(calls["x:90"] == 10);
  CHECK(calls["a:90"] + calls["b:90"] + calls["c:90"] == 0);
  PickOptions green;
  green.color = "green";
  auto pick = world.front->Choose(&green);
  REQUIRE(pick.ok());
  CHECK(pick->endpoint().address == "a:90");
  pick->Done(Outcome());
  world.Call(1);
  CHECK(world.front->stats().ejected == 0);
  CHECK(world.front->stats().probes == 2);
}

TEST_CASE("A retry that avoids an endpoint isn't its probe", "[front]") {
  FrontWorld world;
  EjectOneOfEachColor(world);
  PickOptions retry;
  retry.avoid = {"x:90"};
  for (int i = 0; i < 10; ++i) {
    CHECK(world.front->Choose(&retry)->endpoint().address != "x:90");
  }
  CHECK(world.Call(1)["x:90"] == 1);
}

TEST_CASE("Without its client's thread events are told by a call", "[front]") {
  FrontWorld world;
  world.Start();
  world.client.Run();
  SECTION("the client is gone") { world.client.Destroy(); }
  SECTION("or its thread is blocked") {}
  world.dead = "b:90";
  CHECK(world.Call(30)["b:90"] == 5);
  world.clock.Advance(milliseconds(999));
  CHECK(world.Call(30)["b:90"] == 0);
  CHECK(world.events.empty());
  world.clock.Advance(milliseconds(1));
  world.Call(1);
  CHECK(world.events == std::vector<std::string>{"ejected b:90"});
  world.client.Run();
  CHECK(world.events.size() == 1);
}

TEST_CASE("Who listens to no events costs the client's thread nothing",
          "[front]") {
  FrontWorld world;
  world.listens = false;
  world.Start();
  world.client.Run();
  const int watches = world.client.watches();
  world.dead = "b:90";
  CHECK(world.Call(30)["b:90"] == 5);
  CHECK(world.client.watches() == watches);
}

// Has one lock for its list and its outcomes, as it may: observers don't call
// Balancers.
class LockingBalancer final : public Balancer {
 public:
  void UpdateCandidates(std::vector<Candidate> candidates) override {
    const std::lock_guard<std::mutex> lock(mutex_);
    handles_.clear();
    for (Candidate& candidate : candidates) {
      if (candidate.is_ejected) continue;
      handles_.push_back(
          std::make_unique<LockingHandle>(std::move(candidate), mutex_));
    }
    if (on_update) on_update();
  }

  std::function<void()> on_update;

 protected:
  absl::StatusOr<Pick> DoChoose(const PickOptions* /*options*/) override {
    const std::lock_guard<std::mutex> lock(mutex_);
    return Pick(*handles_[turn_++ % handles_.size()]);
  }
  PickRef::Source DoPeek(const PickOptions*) override { return {nullptr, 0}; }

 private:
  class LockingHandle final : public Pick::Handle {
   public:
    LockingHandle(Candidate candidate, std::mutex& mutex)
        : Handle(candidate.endpoint),
          observer_(candidate.observer),
          mutex_(mutex) {}
    void Done(const Outcome& outcome, std::int64_t) override {
      const std::lock_guard<std::mutex> lock(mutex_);
      observer_->OnOutcome(outcome);
    }
    void Release(std::uintptr_t) override {}

   private:
    const std::shared_ptr<OutcomeObserver> observer_;
    std::mutex& mutex_;
  };

  std::mutex mutex_;
  std::vector<std::unique_ptr<LockingHandle>> handles_;
  std::size_t turn_ = 0;
};

TEST_CASE("A Balancer may be locked while it tells an outcome", "[front]") {
  FrontWorld world;
  world.balancer = std::make_unique<LockingBalancer>();
  world.Start();
  world.client.Run();
  world.dead = "b:90";
  CHECK(world.Call(30)["b:90"] == 5);
}

TEST_CASE("Counts and events say what is in force", "[front]") {
  FrontWorld world;
  auto balancer = std::make_unique<LockingBalancer>();
  std::vector<std::size_t> counts;
  balancer->on_update = [&] {
    const BalancedStats stats = world.front->stats();
    counts.push_back(stats.endpoints);
    counts.push_back(stats.ejected);
  };
  world.balancer = std::move(balancer);
  world.Start();
  world.client.Run();
  CHECK(counts == std::vector<std::size_t>{0, 0});
  world.dead = "b:90";
  world.Call(30);
  CHECK(counts == std::vector<std::size_t>{0, 0, 3, 0});
  CHECK(world.front->stats().ejected == 1);
}

TEST_CASE("Events told on one thread include what another decides meanwhile",
          "[front]") {
  FrontWorld world;
  world.Start();
  world.client.Run();
  world.on_event = [&world] {
    world.on_event = nullptr;
    world.dead.clear();
    world.clock.Advance(seconds(10));
    std::thread([&world] { world.Call(10); }).join();
  };
  world.dead = "b:90";
  world.Call(30);
  world.client.Run();
  CHECK(world.events ==
        std::vector<std::string>{"ejected b:90", "returned b:90"});
}

TEST_CASE("What is decided while another thread arms is told", "[front]") {
  FrontWorld world;
  world.Start();
  world.client.Run();
  world.client.CallAtOnce([&world] {
    world.dead.clear();
    world.clock.Advance(seconds(10));
    std::thread([&world] { world.Call(10); }).join();
  });
  world.dead = "b:90";
  world.Call(30);
  CHECK(world.events ==
        std::vector<std::string>{"ejected b:90", "returned b:90"});
}

TEST_CASE("A Resolver that calls back at once will do", "[front]") {
  FrontWorld world;
  world.client.CallAtOnce();
  world.Start();
  world.dead = "b:90";
  world.Call(30);
  CHECK(world.events == std::vector<std::string>{"ejected b:90"});
  CHECK(world.Call(30)["b:90"] == 0);
  world.dead.clear();
  world.clock.Advance(seconds(10));
  world.Call(30);
  CHECK(world.events ==
        std::vector<std::string>{"ejected b:90", "returned b:90"});
}

TEST_CASE("A front may be closed by its own event", "[front]") {
  FrontWorld world;
  world.on_event = [&world] { world.Close(); };
  SECTION("on the client's thread") {
    world.Start();
    world.client.Run();
    world.dead = "b:90";
    world.Call(30);
    world.client.Run();
  }
  SECTION("within a call") {
    world.client.CallAtOnce();
    world.Start();
    world.dead = "b:90";
    world.Call(30);
  }
  CHECK(world.events.size() == 1);
  CHECK(world.front == nullptr);
}

TEST_CASE("A Pick may outlive its front", "[front]") {
  FrontWorld world;
  world.Start();
  world.client.Run();
  auto pick = world.front->Choose(nullptr);
  REQUIRE(pick.ok());
  const std::string address = pick->endpoint().address;
  world.Close();
  CHECK(pick->endpoint().address == address);
  Outcome outcome;
  outcome.result = Result::kFailure;
  pick->Done(outcome);
}

TEST_CASE("A front says why there is nothing to pick", "[front]") {
  FrontWorld world;
  Front& front = world.Start();
  const auto why = [&front] {
    return std::string(front.Choose(nullptr).status().message());
  };
  CHECK(absl::IsUnavailable(front.Choose(nullptr).status()));
  CHECK(why() == "naming: pick demo: no list has come yet");
  Instance waiting = At("a");
  waiting.status = Instance::Status::kWaiting;
  world.client.Publish({waiting, waiting});
  world.client.Run();
  CHECK(why() == "naming: pick demo: none of its 2 instances fits");
  CHECK_FALSE(front.Peek(nullptr));
  world.client.Publish({});
  world.client.Run();
  CHECK(why() == "naming: pick demo: it has no instances");
  world.client.Publish({At("a")});
  world.client.Run();
  CHECK(front.Choose(nullptr).ok());
  CHECK(front.Peek(nullptr)->address == "a:90");
}

TEST_CASE("WaitReady says what it waited for", "[front]") {
  FrontWorld world;
  SECTION("the list is there, though its client's thread never came") {
    CHECK(world.Start().WaitReady(milliseconds(0)).ok());
    CHECK(world.front->Choose(nullptr).ok());
  }
  SECTION("nothing fits") {
    world.client.Publish({});
    Front& front = world.Start();
    world.client.Run();
    CHECK(front.WaitReady(milliseconds(1)) ==
          absl::DeadlineExceededError("naming: wait for demo: nothing to pick "
                                      "within 1ms: none of 0 instances fits"));
  }
}

TEST_CASE("WaitReady passes on what the backend said", "[front]") {
  ManualClient client;
  Front::Setting setting;
  setting.app_id = "demo";
  const auto front =
      std::make_shared<Front>(std::move(setting), client.Build(),
                              std::make_unique<balancer::RoundRobin>());
  front->Begin();
  CHECK(front->WaitReady(milliseconds(0)) ==
        absl::NotFoundError("naming: wait for demo: nothing to pick within "
                            "0ms: manual: no such application"));
  front->Close();
}

TEST_CASE("Updates that change nothing for a client build nothing", "[front]") {
  FrontWorld world;
  world.Start();
  world.client.Run();
  CHECK(world.front->stats().updates == 1);
  world.client.Publish({At("a"), At("b"), At("c")});
  world.client.Run();
  CHECK(world.front->stats().updates == 1);
  CHECK(world.front->WaitReady(milliseconds(0)).ok());
}

}  // namespace
}  // namespace naming::balanced

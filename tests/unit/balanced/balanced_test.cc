// SPDX-License-Identifier: Apache-2.0

#include "naming/balanced.h"

#include <chrono>
#include <future>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "naming/balancer/round_robin.h"
#include "naming/testing/fake_backend.h"
#include "tests/support/asleep.h"
#include "tests/support/catch.h"
#include "tests/support/eventually.h"
#include "tests/support/instances.h"

namespace naming {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::Eventually;
using testing::FakeBackend;

using Names = std::set<std::string>;

Instance At(const std::string& host, const std::string& zone = "zone01") {
  Instance instance = testing::MakeInstance("demo", host);
  instance.zone = zone;
  instance.addrs = {"http://" + host + ":80", "grpc://" + host + ":90"};
  return instance;
}

std::unique_ptr<Balanced> Create(Builder& builder, const std::string& target,
                                 BalancedOptions options = {}) {
  auto balanced = Balanced::Create(builder, target, std::move(options));
  REQUIRE(balanced.ok());
  return *std::move(balanced);
}

Names AddressesOf(const Balanced& balanced) {
  Names addresses;
  for (const Endpoint& endpoint : balanced.endpoints()) {
    addresses.insert(endpoint.address);
  }
  return addresses;
}

TEST_CASE("What a target asks for is done", "[balanced]") {
  const auto backend = FakeBackend::Create();
  Instance a = At("a");
  a.metadata["cluster"] = "red";
  Instance b = At("b", "zone02");
  b.metadata["cluster"] = "blue";
  b.version = "2";
  backend->SetInstances("demo", {a, b, At("c", "zone02")});

  const auto addresses = [&backend](const std::string& query,
                                    BalancedOptions options = {}) {
    const auto balanced =
        Create(*backend, "fake://default/demo" + query, std::move(options));
    REQUIRE(balanced->WaitReady(seconds(30)).ok());
    return AddressesOf(*balanced);
  };
  CHECK(addresses("") == Names{"a:80", "b:80", "c:80"});
  CHECK(addresses("?scheme=grpc") == Names{"a:90", "b:90", "c:90"});
  CHECK(addresses("?zone=zone02") == Names{"b:80", "c:80"});
  CHECK(addresses("?zone=zone03") == Names{"a:80", "b:80", "c:80"});
  CHECK(addresses("?cluster=red&cluster=blue") == Names{"a:80", "b:80"});
  CHECK(addresses("?cluster=red&zone=zone02") == Names{"a:80"});
  CHECK(addresses("?subset=2").size() == 2);

  SECTION("options ask for it, too, and yield to the target") {
    BalancedOptions options;
    options.client_zone = "zone01";
    options.filter.addr_scheme = GENERATE("grpc", "GRPC");
    CHECK(addresses("", options) == Names{"a:90"});
    CHECK(addresses("?zone=zone02&scheme=http", options) ==
          Names{"b:80", "c:80"});
    options.client_zone.clear();
    options.filter.version = "2";
    CHECK(addresses("", options) == Names{"b:90"});
    options.filter = Filter();
    options.subset = 1;
    CHECK(addresses("", options).size() == 1);
    CHECK(addresses("?subset=0", options).size() == 3);
  }
  SECTION("clients of one id have one subset") {
    BalancedOptions options;
    options.client_id = "me";
    CHECK(addresses("?subset=2", options) == addresses("?subset=2", options));
  }
}

TEST_CASE("Builders choose the backend of a Balanced", "[balanced]") {
  const std::shared_ptr<FakeBackend> backend = FakeBackend::Create();
  backend->SetInstances("demo", {At("a")});
  Builders builders;
  REQUIRE(builders.Add(backend).ok());
  auto balanced = Balanced::Create(builders, "fake:///demo?scheme=grpc");
  REQUIRE(balanced.ok());
  REQUIRE((*balanced)->WaitReady(seconds(30)).ok());
  CHECK((*balanced)->Pick()->endpoint().address == "a:90");
  CHECK((*balanced)->Peek()->address == "a:90");
  CHECK((*balanced)->Pick({})->endpoint().address == "a:90");
  CHECK((*balanced)->Peek({})->address == "a:90");
  CHECK((*balanced)->stats().endpoints == 1);
}

TEST_CASE("What a Balanced can't be made of is named", "[balanced]") {
  const auto backend = FakeBackend::Create();
  const auto message = [&backend](const std::string& target,
                                  BalancedOptions options = {}) {
    const absl::Status status =
        Balanced::Create(*backend, target, std::move(options)).status();
    CHECK(absl::IsInvalidArgument(status));
    return std::string(status.message());
  };
  CHECK(message("fake:///demo?subset=many") ==
        "target.subset: must be a number in [0, 100000], is \"many\"");
  CHECK(message("fake:///demo?subest=50") ==
        "target: unknown parameter \"subest\"");
  CHECK(message("etcd:///demo") ==
        "target.scheme: must be \"fake\", is \"etcd\"");
  BalancedOptions options;
  options.subset = -1;
  CHECK(message("fake:///demo", options) ==
        "balanced: options.subset: must be in [0, 100000]");
  options = BalancedOptions();
  options.subset_method = static_cast<SubsetMethod>(7);
  CHECK(message("fake:///demo", options) ==
        "balanced: options.subset_method: must be one of the enumeration");
  options = BalancedOptions();
  options.filter.addr_scheme = "grpc:";
  CHECK(message("fake:///demo", options) ==
        "balanced: options.filter.addr_scheme: must be a URL scheme, is "
        "\"grpc:\"");
  options = BalancedOptions();
  options.ejection.max_share = 2;
  CHECK(message("fake:///demo", options) ==
        "balanced: options.ejection.max_share: must be in [0, 1]");
  options = BalancedOptions();
  options.make_balancer = [] { return std::unique_ptr<Balancer>(); };
  CHECK(message("fake:///demo", options) ==
        "balanced: options.make_balancer returned null");
}

TEST_CASE("A Balanced follows its application", "[balanced]") {
  const auto backend = FakeBackend::Create();
  const auto balanced = Create(*backend, "fake:///demo");
  CHECK(absl::IsUnavailable(balanced->Pick().status()));
  auto ready = std::async(std::launch::async, [&balanced] {
    return balanced->WaitReady(seconds(30));
  });
  backend->SetInstances("demo", {At("a"), At("b")});
  CHECK(ready.get().ok());
  CHECK(AddressesOf(*balanced) == Names{"a:80", "b:80"});

  SECTION("when the registry fails, the list stays") {
    backend->SetAvailable(false);
    CHECK(balanced->Pick().ok());
  }
  SECTION("what leaves isn't picked any more") {
    backend->SetInstances("demo", {At("b")});
    REQUIRE(Eventually([&] { return balanced->stats().endpoints == 1; }));
    REQUIRE(Eventually([&] { return balanced->stats().updates == 2; }));
    for (int i = 0; i < 10; ++i) {
      CHECK(balanced->Pick()->endpoint().address == "b:80");
    }
  }
  SECTION("an application that is left without instances is unavailable") {
    backend->SetInstances("demo", {});
    REQUIRE(Eventually([&] { return !balanced->Pick().ok(); }));
    CHECK(balanced->Pick().status() ==
          absl::UnavailableError("naming: pick demo: it has no instances"));
    CHECK(absl::IsDeadlineExceeded(balanced->WaitReady(milliseconds(1))));
  }
}

TEST_CASE("A Balanced outlives its client", "[balanced]") {
  auto backend = FakeBackend::Create();
  backend->SetInstances("demo", {At("a"), At("b")});
  const auto balanced = Create(*backend, "fake:///demo");
  SECTION("with the list") {
    REQUIRE(balanced->WaitReady(seconds(30)).ok());
    backend.reset();
    CHECK(balanced->Pick().ok());
    CHECK(balanced->WaitReady(milliseconds(0)).ok());
  }
  SECTION("without one") {
    const auto nothing = Create(*backend, "fake:///nothing");
    backend.reset();
    CHECK(absl::IsCancelled(nothing->WaitReady(milliseconds(1))));
    CHECK(absl::IsUnavailable(nothing->Pick().status()));
  }
}

TEST_CASE("Destroying a Balanced ends those that wait", "[balanced]") {
  const auto backend = FakeBackend::Create();
  auto balanced = Create(*backend, "fake:///demo");
  auto waiting = testing::AsyncUntilAsleep(
      [raw = balanced.get()] { return raw->WaitReady(seconds(600)); });
  balanced.reset();
  CHECK(absl::IsCancelled(waiting.get()));
}

TEST_CASE("A Balanced may be destroyed while calls end", "[balanced]") {
  const auto backend = FakeBackend::Create();
  backend->SetInstances("demo", {At("a"), At("b"), At("c")});
  for (int round = 0; round < 30; ++round) {
    auto balanced = Create(*backend, "fake:///demo");
    REQUIRE(balanced->WaitReady(seconds(30)).ok());
    std::vector<std::thread> callers;
    for (int i = 0; i < 2; ++i) {
      std::vector<naming::Pick> picks;
      while (picks.size() < 40) picks.push_back(*balanced->Pick());
      callers.emplace_back([picks = std::move(picks)]() mutable {
        Outcome failure;
        failure.result = Outcome::Result::kFailure;
        for (naming::Pick& pick : picks) pick.Done(failure);
      });
    }
    balanced.reset();
    for (std::thread& caller : callers) caller.join();
  }
}

// Calls to "b" fail; then it is well again.
TEST_CASE("Ejection and return go by themselves as calls are made",
          "[balanced]") {
  const auto backend = FakeBackend::Create();
  backend->SetInstances("demo", {At("a"), At("b"), At("c")});
  BalancedOptions options;
  options.make_balancer = [] {
    return std::make_unique<balancer::RoundRobin>();
  };
  options.ejection.base_time = milliseconds(20);
  const auto balanced = Create(*backend, "fake:///demo", options);
  REQUIRE(balanced->WaitReady(seconds(30)).ok());
  const auto call = [&balanced](bool is_b_well) {
    auto pick = balanced->Pick();
    REQUIRE(pick.ok());
    const std::string address = pick->endpoint().address;
    Outcome outcome;
    if (address == "b:80" && !is_b_well) {
      outcome.result = Outcome::Result::kTimeout;
    }
    pick->Done(outcome);
    return address;
  };
  REQUIRE(Eventually([&] {
    call(false);
    return balanced->stats().ejected == 1;
  }));
  CHECK(balanced->stats().endpoints == 3);
  CHECK(Eventually([&] {
    call(true);
    return balanced->stats().returns == 1;
  }));
  CHECK(balanced->stats().probes >= 1);
  CHECK(balanced->stats().ejected == 0);
}

}  // namespace
}  // namespace naming

// SPDX-License-Identifier: Apache-2.0
// What holds for every Balancer.

#include <climits>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/support/catch.h"
#include "tests/unit/balancer/fixture.h"

namespace naming::balancer {
namespace {

using Result = Outcome::Result;

std::unique_ptr<Balancer> MakeKind(int kind, const std::string& color = "") {
  return std::move(MakeEach(color)[static_cast<std::size_t>(kind)]);
}

// Notes the outcomes that it is told.
class Recorder final : public OutcomeObserver {
 public:
  void OnOutcome(const Outcome& outcome) override { told.push_back(outcome); }
  std::vector<Outcome> told;
};

// The addresses that are chosen at all, by either call.
std::set<std::string> Chosen(Balancer& balancer,
                             const PickOptions& options = {}) {
  std::set<std::string> chosen;
  for (int i = 0; i < 400; ++i) {
    PickOptions asked = options;
    if (i % 2 == 0) asked.hash_key = static_cast<std::uint64_t>(i);
    chosen.insert(ChooseOne(balancer, asked));
    const PickRef ref = balancer.Peek(asked);
    chosen.insert(ref ? ref->address : "(none)");
  }
  return chosen;
}

using Set = std::set<std::string>;

TEST_CASE("Without endpoints there is no pick", "[balancer]") {
  const auto balancer = MakeKind(GENERATE(range(0, kKinds)));
  CHECK(absl::IsUnavailable(balancer->Choose().status()));
  CHECK_FALSE(balancer->Peek());
  balancer->Update({Make("a:1")});
  CHECK(Chosen(*balancer) == Set{"a:1"});
  balancer->Update({});
  CHECK(absl::IsUnavailable(balancer->Choose().status()));
  CHECK_FALSE(balancer->Peek());
}

TEST_CASE("After an update only the new endpoints are chosen", "[balancer]") {
  const auto balancer = MakeKind(GENERATE(range(0, kKinds)));
  balancer->Update({Make("a:1"), Make("b:1"), Make("c:1")});
  CHECK(Chosen(*balancer).count("(none)") == 0);
  balancer->Update({Make("d:1"), Make("b:1")});
  const Set after = Chosen(*balancer);
  CHECK(after.count("a:1") + after.count("c:1") == 0);
  balancer->Update({Make("d:1")});
  CHECK(Chosen(*balancer) == Set{"d:1"});
}

TEST_CASE("A call of a color gets endpoints of it, else those without",
          "[balancer]") {
  const int kind = GENERATE(range(0, kKinds));
  const std::vector<Endpoint> endpoints{
      Make("plain:1"), Make("red:1", 10, "red"), Make("blue:1", 10, "blue")};
  PickOptions red;
  red.color = "red";
  PickOptions green;
  green.color = "green";
  const auto balancer = MakeKind(kind);
  balancer->Update(endpoints);
  CHECK(Chosen(*balancer) == Set{"plain:1"});
  CHECK(Chosen(*balancer, red) == Set{"red:1"});
  CHECK(Chosen(*balancer, green) == Set{"plain:1"});

  const auto blue = MakeKind(kind, "blue");
  blue->Update(endpoints);
  CHECK(Chosen(*blue) == Set{"blue:1"});
  CHECK(Chosen(*blue, red) == Set{"red:1"});
  CHECK(Chosen(*blue, green) == Set{"plain:1"});

  balancer->Update({endpoints[1], endpoints[2]});
  CHECK(absl::IsUnavailable(balancer->Choose().status()));
  CHECK(absl::IsUnavailable(balancer->Choose(green).status()));
  CHECK(Chosen(*balancer, red) == Set{"red:1"});
}

TEST_CASE("A retry goes to another endpoint, when there is one", "[balancer]") {
  const auto balancer = MakeKind(GENERATE(range(0, kKinds)));
  balancer->Update(MakeMany(4));
  PickOptions options;
  options.avoid = {"e0:1", "e2:1", "nowhere:1"};
  const Set chosen = Chosen(*balancer, options);
  CHECK(chosen.count("e0:1") + chosen.count("e2:1") == 0);
  CHECK(chosen.count("(none)") == 0);
  options.avoid = {"e0:1", "e1:1", "e2:1", "e3:1"};
  CHECK(Chosen(*balancer, options).count("(none)") == 0);
}

TEST_CASE("An ejected endpoint isn't chosen, unless all are", "[balancer]") {
  const auto balancer = MakeKind(GENERATE(range(0, kKinds)));
  std::vector<Candidate> candidates(2);
  candidates[0].endpoint = Make("a:1");
  candidates[1].endpoint = Make("b:1");
  candidates[0].is_ejected = true;
  balancer->UpdateCandidates(candidates);
  CHECK(Chosen(*balancer) == Set{"b:1"});
  candidates[1].is_ejected = true;
  balancer->UpdateCandidates(candidates);
  CHECK(Chosen(*balancer).count("(none)") == 0);
}

TEST_CASE("Any weights and duplicates will do", "[balancer]") {
  const auto balancer = MakeKind(GENERATE(range(0, kKinds)));
  balancer->Update({Make("a:1", 0), Make("b:1", -5), Make("a:1", 3),
                    Make("c:1", INT_MAX), Make("d:1", INT_MIN), Make("", 1)});
  CHECK(Chosen(*balancer).count("(none)") == 0);
  Endpoint without_instance;
  balancer->Update({without_instance, without_instance});
  CHECK(Chosen(*balancer) == Set{""});
}

TEST_CASE("Observers hear each outcome once", "[balancer]") {
  const auto balancer = MakeKind(GENERATE(range(0, kKinds)));
  const auto recorder = std::make_shared<Recorder>();
  std::vector<Candidate> candidates(1);
  candidates[0].endpoint = Make("a:1");
  candidates[0].observer = recorder;
  balancer->UpdateCandidates(candidates);
  {
    Pick pick = balancer->Choose().value();
    Outcome failure;
    failure.result = Result::kFailure;
    failure.latency = std::chrono::milliseconds(5);
    pick.Done(failure);
    pick.Done(Outcome());
  }
  REQUIRE(recorder->told.size() == 1);
  CHECK(recorder->told[0].result == Result::kFailure);
  CHECK(recorder->told[0].latency == std::chrono::milliseconds(5));
  { const Pick dropped = balancer->Choose().value(); }
  REQUIRE(recorder->told.size() == 2);
  CHECK(recorder->told[1].result == Result::kCancelled);
  {
    Pick moved = balancer->Choose().value();
    Pick other = balancer->Choose().value();
    other = std::move(moved);
    CHECK(recorder->told.size() == 3);
    other.Done(Outcome());
  }
  CHECK(recorder->told.size() == 4);
}

TEST_CASE("A pick outlives its endpoint's removal and the balancer",
          "[balancer]") {
  auto balancer = MakeKind(GENERATE(range(0, kKinds)));
  // More than a thread's record has places for.
  constexpr int kPicks = 20;
  Endpoint endpoint = Make("a:1");
  const std::weak_ptr<const Instance> instance = endpoint.instance;
  const auto recorder = std::make_shared<Recorder>();
  std::vector<Candidate> candidates(1);
  candidates[0].endpoint = std::move(endpoint);
  candidates[0].observer = recorder;
  balancer->UpdateCandidates(std::move(candidates));
  std::vector<Pick> picks;
  for (int i = 0; i < kPicks; ++i) {
    picks.push_back(balancer->Choose().value());
  }
  balancer->Update({Make("b:1")});
  CHECK(picks[0].endpoint().address == "a:1");
  balancer.reset();
  CHECK(picks[kPicks - 1].endpoint().address == "a:1");
  for (Pick& pick : picks) pick.Done(Outcome());
  CHECK(recorder->told.size() == kPicks);
  CHECK_FALSE(instance.expired());
  picks.clear();
  CHECK(instance.expired());
}

TEST_CASE("What has left is freed by the update, whoever picked it before",
          "[balancer]") {
  const auto balancer = MakeKind(GENERATE(range(0, kKinds)));
  Endpoint endpoint = Make("a:1");
  const std::weak_ptr<const Instance> instance = endpoint.instance;
  balancer->Update({std::move(endpoint)});
  CHECK(ChooseOne(*balancer) == "a:1");
  CHECK(balancer->Peek()->address == "a:1");
  balancer->Update({Make("b:1")});
  CHECK(instance.expired());
}

TEST_CASE("An endpoint that doesn't change stays the same object",
          "[balancer]") {
  const auto balancer = MakeKind(GENERATE(range(0, kKinds)));
  const Endpoint kept = Make("a:1");
  balancer->Update({kept});
  const Pick before = balancer->Choose().value();
  balancer->Update({Make("b:1"), kept});
  balancer->Update({kept, Make("c:1")});
  balancer->Update({kept});
  const Pick after = balancer->Choose().value();
  CHECK(&before.endpoint() == &after.endpoint());
  Endpoint heavier = kept;
  heavier.weight = 20;
  balancer->Update({heavier});
  CHECK(balancer->Choose().value().endpoint().weight == 20);
  CHECK(after.endpoint().weight == 10);
}

TEST_CASE("What a balancer goes by may differ from what is shown",
          "[balancer]") {
  WeightedRoundRobin balancer(Options{"", 1});
  std::vector<Candidate> candidates(2);
  candidates[0].endpoint = Make("a:1", 10);
  candidates[1].endpoint = Make("b:1", 10);
  balancer.UpdateCandidates(candidates);
  const Pick before = balancer.Choose().value();
  candidates[0].weight = 100;
  candidates[1].weight = 50;
  balancer.UpdateCandidates(candidates);
  std::map<std::string, int> counts;
  for (int i = 0; i < 30; ++i) {
    const Pick pick = balancer.Choose().value();
    CHECK(pick.endpoint().weight == 10);
    ++counts[pick.endpoint().address];
  }
  CHECK(counts["a:1"] == 20);
  CHECK(counts["b:1"] == 10);
}

TEST_CASE("Without an instance the zone tells endpoints apart", "[balancer]") {
  WeightedRoundRobin balancer(Options{"", 1});
  Endpoint here;
  here.address = "a:1";
  here.zone = "here";
  Endpoint there = here;
  there.zone = "there";
  balancer.Update({here, there});
  std::map<std::string, int> counts;
  for (int i = 0; i < 10; ++i) {
    ++counts[balancer.Choose().value().endpoint().zone];
  }
  CHECK(counts == std::map<std::string, int>{{"here", 5}, {"there", 5}});
}

TEST_CASE("References may be nested", "[balancer]") {
  const auto balancer = MakeKind(GENERATE(range(0, kKinds)));
  Endpoint endpoint = Make("a:1");
  const std::weak_ptr<const Instance> instance = endpoint.instance;
  balancer->Update({std::move(endpoint)});
  {
    const PickRef outer = balancer->Peek();
    { const PickRef inner = balancer->Peek(); }
    balancer->Update({Make("b:1")});
    const PickRef newer = balancer->Peek();
    CHECK(outer->address == "a:1");
    CHECK(newer->address == "b:1");
  }
  balancer->Update({});
  CHECK(instance.expired());
}

TEST_CASE("Equal seeds choose equally", "[balancer]") {
  const int kind = GENERATE(range(0, kKinds));
  const auto a = MakeKind(kind);
  const auto b = MakeKind(kind);
  a->Update(MakeMany(10));
  b->Update(MakeMany(10));
  for (int i = 0; i < 100; ++i) REQUIRE(ChooseOne(*a) == ChooseOne(*b));
}

TEST_CASE("A thread may use any number of balancers by turns", "[balancer]") {
  // Many more than a thread's record has places for.
  std::vector<std::unique_ptr<RoundRobin>> balancers;
  for (int i = 0; i < 500; ++i) {
    balancers.push_back(std::make_unique<RoundRobin>(Options{"", 0}));
    balancers.back()->Update(MakeMany(3));
  }
  for (int round = 0; round < 6; ++round) {
    const std::string expected = "e" + std::to_string(round % 3) + ":1";
    for (const auto& balancer : balancers) {
      REQUIRE(ChooseOne(*balancer) == expected);
    }
  }
  // It has kept count of each: this thread is only the second that asks.
  std::vector<std::string> of_second;
  std::thread([&] {
    for (const auto& balancer : balancers) {
      of_second.push_back(ChooseOne(*balancer));
    }
  }).join();
  CHECK(of_second == std::vector<std::string>(balancers.size(), "e1:1"));
}

}  // namespace
}  // namespace naming::balancer

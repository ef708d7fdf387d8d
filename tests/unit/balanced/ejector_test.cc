// SPDX-License-Identifier: Apache-2.0

#include "balanced/ejector.h"

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "tests/support/catch.h"
#include "tests/support/endpoints.h"
#include "tests/support/fake_clock.h"

namespace naming::balanced {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::MakeEndpoint;
using testing::MakeEndpoints;

using List = std::vector<std::string>;
using Result = Outcome::Result;

// An Ejector with its world: calls to endpoints, and time.
class EjectorWorld {
 public:
  explicit EjectorWorld(EjectionOptions options = {})
      : ejector_("demo", options, alarm_) {}

  void Set(std::vector<Endpoint> endpoints) {
    ejector_.SetEndpoints(std::move(endpoints), clock_.Now());
    Update();
  }

  // Tells of `count` calls to "<name>:90".
  void Call(const std::string& name, Result result, int count = 1) {
    Outcome outcome;
    outcome.result = result;
    const Candidate& candidate = candidates_.at(name + ":90");
    for (int i = 0; i < count; ++i) candidate.observer->OnOutcome(outcome);
  }

  // Returns what changed.
  List Look() {
    std::vector<EjectionEvent> events;
    ejector_.Look(clock_.Now(), events);
    Update();
    List texts;
    for (const EjectionEvent& event : events) {
      CHECK(event.app_id == "demo");
      std::string text(ToString(event.kind));
      if (!event.address.empty()) text += " " + event.address;
      if (event.kind == EjectionEvent::Kind::kEjected) {
        text += absl::StrFormat(" for %ds", event.time / seconds(1));
      }
      if (!event.cause.empty()) text += ": " + event.cause;
      texts.push_back(std::move(text));
    }
    return texts;
  }

  List After(base::Clock::Duration time) {
    clock_.Advance(time);
    return Look();
  }

  // Takes the Probe that there is.
  Pick TakeProbe() {
    auto probe = ejector_.offers().at(0);
    REQUIRE(probe->Claim());
    return balanced::Probe::Take(std::move(probe));
  }

  // Takes the Probe that there is and tells how its call ended.
  void Probe(Result result) {
    Outcome outcome;
    outcome.result = result;
    TakeProbe().Done(outcome);
  }

  List Ejected() const {
    List addresses;
    for (const auto& [address, candidate] : candidates_) {
      if (candidate.is_ejected) addresses.push_back(address);
    }
    return addresses;
  }

  // What balancers go by.
  int WeightOf(const std::string& name) const {
    const Candidate& candidate = candidates_.at(name + ":90");
    return candidate.weight > 0 ? candidate.weight : candidate.endpoint.weight;
  }

  // What a Pick shows.
  int OwnWeightOf(const std::string& name) const {
    return candidates_.at(name + ":90").endpoint.weight;
  }

  Ejector& ejector() { return ejector_; }

  // Whether calls would ask for a Look().
  bool IsDue() const { return alarm_->IsDue(); }
  testing::FakeClock& clock() { return clock_; }

 private:
  void Update() {
    auto change = ejector_.TakeChange();
    if (!change) return;
    candidates_.clear();
    for (Candidate& candidate : *change) {
      std::string address = candidate.endpoint.address;
      candidates_.emplace(std::move(address), std::move(candidate));
    }
  }

  testing::FakeClock clock_;
  const std::shared_ptr<Alarm> alarm_ = std::make_shared<Alarm>(clock_);
  Ejector ejector_;
  std::map<std::string, Candidate> candidates_;
};

TEST_CASE("Failures in a row eject", "[ejector]") {
  EjectorWorld world;
  world.Set(MakeEndpoints("e", 4));
  world.Call("e1", GENERATE(Result::kFailure, Result::kTimeout), 4);
  SECTION("so many") {
    world.Call("e1", Result::kTimeout);
    CHECK(world.Look() == List{"ejected e1:90 for 10s: 5 failures in a row"});
    CHECK(world.Ejected() == List{"e1:90"});
  }
  SECTION("not fewer") {
    CHECK(world.Look().empty());
    CHECK(world.Ejected().empty());
  }
  SECTION("not with a success between") {
    world.Call("e1", Result::kSuccess);
    world.Call("e1", Result::kFailure, 4);
    CHECK(world.Look().empty());
  }
  SECTION("of which calls that were cancelled aren't any") {
    world.Call("e1", Result::kCancelled, 10);
    CHECK(world.Look().empty());
    world.Call("e1", Result::kFailure);
    CHECK(world.Look().size() == 1);
  }
  SECTION("of one endpoint") {
    world.Call("e2", Result::kFailure, 4);
    CHECK(world.Look().empty());
  }
}

TEST_CASE("An ejected endpoint returns when one call succeeds", "[ejector]") {
  EjectorWorld world;
  world.Set(MakeEndpoints("e", 4));
  world.Call("e1", Result::kFailure, 5);
  world.Look();
  CHECK(world.After(milliseconds(9'999)).empty());
  CHECK(world.ejector().offers().empty());
  CHECK(world.After(milliseconds(1)).empty());
  CHECK(world.Ejected() == List{"e1:90"});

  SECTION("only one is tried") {
    const auto probe = world.ejector().offers().at(0);
    CHECK(probe->Claim());
    CHECK(world.ejector().offers().empty());
    CHECK_FALSE(probe->Claim());
    CHECK_FALSE(probe->Withdraw());
  }
  SECTION("it succeeds") {
    world.Probe(Result::kSuccess);
    CHECK(world.Look() == List{"returned e1:90"});
    CHECK(world.Ejected().empty());
  }
  SECTION("it fails: out for twice as long") {
    world.Probe(Result::kTimeout);
    CHECK(world.Look() == List{"ejected e1:90 for 20s: the call that it got to "
                               "show that it is well failed"});
    CHECK(world.ejector().offers().empty());
    world.After(seconds(20));
    CHECK(world.ejector().offers().size() == 1);
  }
  SECTION("it is cancelled: another one") {
    world.Probe(Result::kCancelled);
    CHECK(world.Look().empty());
    CHECK(world.ejector().offers().size() == 1);
  }
  SECTION("it is dropped: another one") {
    { const Pick dropped = world.TakeProbe(); }
    CHECK(world.Look().empty());
    CHECK(world.ejector().offers().size() == 1);
  }
  SECTION("it lasts: it stays the one, whatever happens meanwhile") {
    Pick lasting = world.TakeProbe();
    for (int i = 0; i < 100; ++i) CHECK(world.After(seconds(7)).empty());
    world.Set(MakeEndpoints("e", 5));
    world.Look();
    CHECK(world.ejector().offers().empty());
    CHECK(world.Ejected() == List{"e1:90"});
    Outcome outcome;
    SECTION("and brings it back") {
      lasting.Done(outcome);
      CHECK(world.Look() == List{"returned e1:90"});
    }
    SECTION("or keeps it out for twice as long") {
      outcome.result = Result::kTimeout;
      lasting.Done(outcome);
      CHECK(world.Look() ==
            List{"ejected e1:90 for 20s: the call that it got to show that it "
                 "is well failed"});
    }
  }
  SECTION("it follows what changes in the list") {
    auto endpoints = MakeEndpoints("e", 4);
    endpoints[1].color = "blue";
    world.Set(endpoints);
    const Pick probe = world.TakeProbe();
    CHECK(probe.endpoint().color == "blue");
  }
  SECTION("nobody is sent to it when it has left") {
    world.Set({MakeEndpoints("e", 1)[0]});
    CHECK(world.ejector().offers().empty());
  }
  SECTION("in a panic it isn't offered") {
    for (const char* name : {"e0", "e2"}) {
      world.Call(name, Result::kFailure, 5);
    }
    CHECK(world.Look() ==
          List{"panic began: 3 of 4 fail, at most 2 may be ejected"});
    CHECK(world.ejector().offers().empty());
    CHECK(world.After(milliseconds(9'999)).empty());
    CHECK(world.After(milliseconds(1)) == List{"panic ended"});
    CHECK(world.Ejected().empty());
  }
  SECTION("one that was taken counts in a panic, too") {
    Pick probe = world.TakeProbe();
    for (const char* name : {"e0", "e2"}) {
      world.Call(name, Result::kFailure, 5);
    }
    CHECK(world.Look().size() == 1);
    probe.Done(Outcome());
    const List ended = world.Look();
    REQUIRE(ended.size() == 3);
    CHECK(ended[0] == "panic ended");
    CHECK(world.Ejected() == List{"e0:90", "e2:90"});
  }
  SECTION("calls from before it was ejected don't count") {
    world.Call("e1", Result::kSuccess, 3);
    CHECK(world.Look().empty());
    CHECK(world.Ejected() == List{"e1:90"});
  }
}

TEST_CASE("Ejections grow longer, to a limit, and are forgotten", "[ejector]") {
  EjectorWorld world;
  world.Set(MakeEndpoints("e", 4));
  for (const int expected : {10, 20, 40, 80, 160, 300, 300}) {
    world.Call("e1", Result::kFailure, 5);
    CHECK(world.Look() ==
          List{absl::StrFormat("ejected e1:90 for %ds: 5 failures in a row",
                               expected)});
    world.After(seconds(expected));
    world.Probe(Result::kSuccess);
    CHECK(world.Look() == List{"returned e1:90"});
  }
  world.After(seconds(601));
  world.Call("e1", Result::kFailure, 5);
  CHECK(world.Look() == List{"ejected e1:90 for 10s: 5 failures in a row"});
}

TEST_CASE("A rate of success far below the others' ejects", "[ejector]") {
  EjectionOptions options;
  options.consecutive_failures = 0;
  EjectorWorld world(options);
  world.Set(MakeEndpoints("e", 4));
  const auto calls = [&world](const std::string& name, int good, int bad) {
    world.Call(name, Result::kFailure, bad);
    world.Call(name, Result::kSuccess, good);
  };
  // A long life without failures must not outweigh what is measured now.
  calls("e0", 1000, 0);
  CHECK_FALSE(world.IsDue());
  calls("e0", 0, 1);
  CHECK(world.IsDue());  // A failure begins the measuring.
  CHECK(world.Look().empty());
  CHECK_FALSE(world.IsDue());

  SECTION("at the end of the interval") {
    calls("e0", 14, 6);
    calls("e1", 19, 1);
    calls("e2", 100, 0);
    CHECK(world.After(milliseconds(9'999)).empty());
    CHECK(world.After(milliseconds(1)) ==
          List{"ejected e0:90 for 10s: 67% of its calls succeed, of others "
               "99%"});
    SECTION("and what was measured before doesn't count after its return") {
      world.After(seconds(10));
      world.Probe(Result::kSuccess);
      CHECK(world.Look() == List{"returned e0:90"});
      calls("e1", 30, 1);
      calls("e0", 30, 1);
      world.After(seconds(10));
      CHECK(world.After(seconds(10)).empty());
    }
  }
  SECTION("not when there are too few calls") {
    calls("e0", 10, 8);
    calls("e1", 100, 0);
    CHECK(world.After(seconds(10)).empty());
  }
  SECTION("not when all are alike") {
    calls("e0", 10, 20);
    calls("e1", 10, 20);
    calls("e2", 10, 20);
    CHECK(world.After(seconds(10)).empty());
  }
  SECTION("not when there is nobody to compare with") {
    calls("e0", 10, 20);
    CHECK(world.After(seconds(10)).empty());
  }
  SECTION("measuring ends when nothing fails, and with it the looks") {
    CHECK(world.After(seconds(10)).empty());
    calls("e0", 100, 0);
    CHECK(world.After(seconds(10)).empty());
    world.clock().Advance(minutes(10));
    calls("e0", 100, 0);
    CHECK_FALSE(world.IsDue());
  }
}

TEST_CASE("Rates are measured while another sits out its time", "[ejector]") {
  EjectionOptions options;
  options.interval = seconds(1);
  EjectorWorld world(options);
  world.Set(MakeEndpoints("e", 4));
  world.Call("e0", Result::kFailure, 5);
  CHECK(world.Look().size() == 1);
  // The window that its failures began ends without another.
  CHECK(world.After(seconds(1)).empty());
  CHECK(world.After(seconds(1)).empty());
  CHECK_FALSE(world.IsDue());
  world.Call("e1", Result::kFailure);
  CHECK(world.IsDue());
  CHECK(world.Look().empty());
  for (int i = 0; i < 10; ++i) {
    world.Call("e1", Result::kFailure);
    world.Call("e1", Result::kSuccess);
    world.Call("e2", Result::kSuccess, 2);
  }
  world.clock().Advance(seconds(1));
  CHECK(world.IsDue());
  world.Look();
  CHECK(world.Ejected() == List{"e0:90", "e1:90"});
}

TEST_CASE("A probe that failed in a panic counts after it", "[ejector]") {
  EjectionOptions options;
  options.success_rate = 0;
  EjectorWorld world(options);
  world.Set(MakeEndpoints("e", 3));
  world.Call("e0", Result::kFailure, 5);
  world.Look();
  world.After(seconds(10));
  Pick probe = world.TakeProbe();
  world.Call("e1", Result::kFailure, 5);
  CHECK(world.Look().size() == 1);  // A panic.
  Outcome failure;
  failure.result = Result::kFailure;
  probe.Done(failure);
  world.Look();
  world.Call("e1", Result::kSuccess);
  world.Call("e0", Result::kFailure, 5);
  world.Look();  // The panic is over, and e0 is out.
  CHECK(world.Ejected() == List{"e0:90"});
  CHECK(world.IsDue());
  world.Look();
  CHECK_FALSE(world.IsDue());
  world.clock().Advance(seconds(20));
  CHECK(world.IsDue());
  world.Look();
  CHECK(world.ejector().offers().size() == 1);
}

TEST_CASE("When too many fail, none is ejected", "[ejector]") {
  EjectorWorld world;
  world.Set(MakeEndpoints("e", 4));
  world.Call("e0", Result::kFailure, 5);
  world.Call("e1", Result::kFailure, 5);
  CHECK(world.Look().size() == 2);
  CHECK(world.Ejected() == List{"e0:90", "e1:90"});
  world.Call("e2", Result::kFailure, 5);
  CHECK(world.Look() ==
        List{"panic began: 3 of 4 fail, at most 2 may be ejected"});
  CHECK(world.Ejected().empty());
  CHECK(world.ejector().is_panicking());

  SECTION("until one of them is well") {
    world.Call("e2", Result::kSuccess);
    CHECK(world.Look() == List{"panic ended",
                               "ejected e0:90 for 10s: 5 failures in a row",
                               "ejected e1:90 for 10s: 5 failures in a row"});
    CHECK(world.Ejected() == List{"e0:90", "e1:90"});
  }
  SECTION("until their time is over") {
    CHECK(world.After(seconds(10)) == List{"panic ended"});
    CHECK(world.Ejected().empty());
  }
  SECTION("until there are more of the others") {
    world.Set(MakeEndpoints("e", 6));
    CHECK(world.Look().size() == 4);
    CHECK(world.Ejected() == List{"e0:90", "e1:90", "e2:90"});
  }
}

TEST_CASE("The share that may be ejected is bounded", "[ejector]") {
  const auto [size, max_share, most] = GENERATE(table<int, double, int>({
      {1, 0.5, 0},
      {2, 0.5, 1},
      {3, 0.5, 1},
      {5, 0.5, 2},
      {100, 0.29, 29},
      {4, 1.0, 3},
      {1, 1.0, 0},
      {4, 0.2, 0},
  }));
  CAPTURE(size, max_share);
  EjectionOptions options;
  options.max_share = max_share;
  EjectorWorld world(options);
  world.Set(MakeEndpoints("e", size));
  for (int i = 0; i < size; ++i) {
    world.Call("e" + std::to_string(i), Result::kFailure, 5);
    world.Look();
    const int failing = i + 1;
    CHECK(world.Ejected().size() ==
          static_cast<std::size_t>(failing <= most ? failing : 0));
  }
}

TEST_CASE("Colors are looked at apart", "[ejector]") {
  EjectorWorld world;
  auto endpoints = MakeEndpoints("e", 4);
  endpoints[0].color = "blue";
  endpoints[1].color = "blue";
  world.Set(endpoints);
  world.Call("e0", Result::kFailure, 5);
  CHECK(world.Look().size() == 1);
  world.After(seconds(10));

  SECTION("the other of its color stays, come what may") {
    world.Call("e1", Result::kFailure, 5);
    CHECK(world.Look() ==
          List{"panic began: 2 of 2 fail, at most 1 may be ejected"});
    CHECK(world.Ejected().empty());
    SECTION("and a panic leaves with its color") {
      world.Set({endpoints[2], endpoints[3]});
      world.Look();
      CHECK_FALSE(world.ejector().is_panicking());
    }
  }
}

TEST_CASE("What is known of an endpoint survives updates", "[ejector]") {
  EjectorWorld world;
  auto endpoints = MakeEndpoints("e", 4);
  world.Set(endpoints);
  world.Call("e1", Result::kFailure, 4);

  SECTION("of others, and of its weight") {
    endpoints = MakeEndpoints("e", 8);
    endpoints[1].weight = 99;
    world.Set(endpoints);
    world.Call("e1", Result::kFailure);
    CHECK(world.Look().size() == 1);
    world.Set(MakeEndpoints("e", 3));
    CHECK(world.Ejected() == List{"e1:90"});
  }
  SECTION("not its own leaving") {
    world.Set({endpoints[0]});
    world.Set(endpoints);
    world.Call("e1", Result::kFailure);
    CHECK(world.Look().empty());
  }
  SECTION("not another Instance in its place") {
    auto instance = std::make_shared<Instance>(*endpoints[1].instance);
    instance->hostname = "restarted";
    endpoints[1].instance = std::move(instance);
    world.Set(endpoints);
    world.Call("e1", Result::kFailure);
    CHECK(world.Look().empty());
  }
  SECTION("and a list that is the same changes nothing") {
    world.ejector().SetEndpoints(endpoints, world.clock().Now());
    CHECK_FALSE(world.ejector().TakeChange());
  }
}

TEST_CASE("New endpoints start slowly", "[ejector]") {
  EjectionOptions options;
  options.slow_start = seconds(10);
  EjectorWorld world(options);
  world.Set(MakeEndpoints("e", 2));
  world.Look();
  CHECK(world.WeightOf("e0") == 10);  // All are new: nobody can help them.
  world.After(seconds(1));
  world.Set(MakeEndpoints("e", 3));

  world.Look();
  CHECK(world.WeightOf("e0") == 100);
  CHECK(world.WeightOf("e2") == 10);
  CHECK(world.OwnWeightOf("e0") == 10);
  CHECK(world.OwnWeightOf("e2") == 10);
  world.After(milliseconds(4'999));
  CHECK(world.WeightOf("e2") == 40);
  CHECK_FALSE(world.IsDue());
  world.clock().Advance(milliseconds(2));
  CHECK(world.IsDue());  // Calls carry it on.
  world.Look();
  CHECK(world.WeightOf("e2") == 50);
  world.After(seconds(5));
  CHECK(world.WeightOf("e0") == 10);
  CHECK(world.WeightOf("e2") == 10);
}

TEST_CASE("After an ejection, too, an endpoint starts slowly", "[ejector]") {
  EjectionOptions options;
  options.slow_start = seconds(10);
  EjectorWorld world(options);
  world.Set(MakeEndpoints("e", 3));
  world.Call("e1", Result::kFailure, 5);
  world.Look();
  world.After(seconds(10));
  world.Probe(Result::kSuccess);
  world.Look();
  CHECK(world.WeightOf("e1") == 10);
  CHECK(world.WeightOf("e0") == 100);
}

TEST_CASE("Beside one that starts slowly, no weight counts as the usual one",
          "[ejector]") {
  EjectionOptions options;
  options.slow_start = seconds(10);
  EjectorWorld world(options);
  auto endpoints = MakeEndpoints("e", 2);
  endpoints[0].weight = 0;
  world.Set({endpoints[0]});
  world.Set(endpoints);
  world.Look();
  CHECK(world.WeightOf("e0") == 100);
  CHECK(world.OwnWeightOf("e0") == 0);
  CHECK(world.WeightOf("e1") == 10);
}

TEST_CASE("Without an instance the zone tells endpoints apart", "[ejector]") {
  EjectorWorld world;
  auto endpoints = MakeEndpoints("e", 4);
  for (Endpoint& endpoint : endpoints) endpoint.instance = nullptr;
  world.Set(endpoints);
  world.Call("e1", Result::kFailure, 4);
  endpoints[1].zone = "other";
  world.Set(endpoints);
  world.Call("e1", Result::kFailure);
  CHECK(world.Look().empty());
}

TEST_CASE("Weights that are large don't grow beyond what there is",
          "[ejector]") {
  EjectionOptions options;
  options.slow_start = seconds(10);
  EjectorWorld world(options);
  world.Set(MakeEndpoints("e", 1, "z", 1'000'000));
  world.Set(MakeEndpoints("e", 2, "z", 1'000'000));
  world.Look();
  CHECK(world.WeightOf("e0") == 1'000'000);
  CHECK(world.WeightOf("e1") == 100'000);
}

TEST_CASE("Without anything to decide nobody listens", "[ejector]") {
  EjectionOptions options;
  options.max_share = 0;
  CHECK_FALSE(Ejector::IsNeeded(options));
  options.slow_start = seconds(1);
  CHECK(Ejector::IsNeeded(options));
  options = EjectionOptions();
  options.success_rate = 0;
  CHECK(Ejector::IsNeeded(options));
  options.consecutive_failures = 0;
  CHECK_FALSE(Ejector::IsNeeded(options));

  Ejector ejector("demo", options, nullptr);
  ejector.SetEndpoints(MakeEndpoints("e", 2), {});
  std::vector<EjectionEvent> events;
  ejector.Look({}, events);
  const auto candidates = ejector.TakeChange();
  REQUIRE(candidates);
  CHECK(candidates->front().observer == nullptr);
}

TEST_CASE("Success asks for no look", "[ejector]") {
  EjectorWorld world;
  world.Set(MakeEndpoints("e", 4));
  world.Look();
  for (int minute = 0; minute < 60; ++minute) {
    world.clock().Advance(minutes(1));
    world.Call("e1", Result::kSuccess, 10);
  }
  CHECK_FALSE(world.IsDue());
}

}  // namespace
}  // namespace naming::balanced

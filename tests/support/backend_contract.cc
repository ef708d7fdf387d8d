// SPDX-License-Identifier: Apache-2.0

#include "tests/support/backend_contract.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "tests/support/asleep.h"
#include "tests/support/catch.h"
#include "tests/support/eventually.h"
#include "tests/support/instances.h"

namespace naming::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;

using Names = std::set<std::string>;
using SnapshotPtr = std::shared_ptr<const Snapshot>;

// Long enough for a loaded machine: only what is expected to fail takes less.
constexpr milliseconds kPatience = minutes(1);

// Returns "hostname version" of each Instance.
Names NamesOf(const Snapshot& snapshot) {
  Names names;
  for (const auto& instance : snapshot.AllInstances()) {
    names.insert(instance->hostname + " " + instance->version);
  }
  return names;
}

// Notes what a Watcher is told. Thread-safe.
class Log final {
 public:
  std::function<void(SnapshotPtr)> callback() {
    return [this](SnapshotPtr snapshot) {
      base::MutexLock lock(mutex_);
      seen_.push_back(std::move(snapshot));
    };
  }

  std::vector<SnapshotPtr> seen() const {
    base::MutexLock lock(mutex_);
    return seen_;
  }

  // Returns whether the last list has exactly `names`.
  bool EndsWith(const Names& names) const {
    const std::vector<SnapshotPtr> all = seen();
    return !all.empty() && NamesOf(*all.back()) == names;
  }

 private:
  mutable base::Mutex mutex_;
  std::vector<SnapshotPtr> seen_ ABSL_GUARDED_BY(mutex_);
};

struct ContractFixture {
  // The registry is reachable in the end, so that nothing waits for it.
  ~ContractFixture() {
    if (is_cut_off) backend->SetReachable(true);
  }

  void CutOff() {
    backend->SetReachable(false);
    is_cut_off = true;
  }

  void Reconnect() {
    backend->SetReachable(true);
    is_cut_off = false;
  }

  static RegisterOptions Patient(
      RegisterMode mode = RegisterMode::kMustSucceed) {
    RegisterOptions options;
    options.mode = mode;
    options.timeout = kPatience;
    return options;
  }

  Registration Register(const std::string& hostname,
                        const std::string& version = "1",
                        const RegisterOptions& options = Patient()) {
    auto registered = backend->registry().Register(
        MakeInstance("demo", hostname, version), options);
    CAPTURE(registered.status().ToString());
    REQUIRE(registered.ok());
    return *std::move(registered);
  }

  std::unique_ptr<Resolver> Resolve(const std::string& app_id = "demo") {
    auto resolver = backend->builder().Build(backend->TargetOf(app_id));
    REQUIRE(resolver.ok());
    return *std::move(resolver);
  }

  // Returns whether `resolver` lists exactly `names` soon.
  static bool Lists(Resolver& resolver, const Names& names) {
    return Eventually([&] {
      const auto fetched = resolver.Fetch(milliseconds(100));
      return fetched.ok() && NamesOf(**fetched) == names;
    });
  }

  // Returns whether the registry holds exactly `names` soon.
  bool Holds(const Names& names) {
    return Eventually([&] {
      Names held;
      for (const Instance& instance : backend->Held("demo")) {
        held.insert(instance.hostname + " " + instance.version);
      }
      return held == names;
    });
  }

  // Waits until the Instance that comes first has all its addresses: what a
  // registry makes of them at first may be seen for a moment.
  static bool ListsWhole(Resolver& resolver) {
    return Eventually([&] {
      const auto snapshot = resolver.Fetch(milliseconds(0));
      return snapshot.ok() && (*snapshot)->size() > 0 &&
             (*snapshot)->AllInstances()[0]->addrs ==
                 MakeInstance("demo", "a").addrs;
    });
  }

  std::unique_ptr<ContractBackend> backend = MakeContractBackend();
  bool is_cut_off = false;
};

// --- Registering and resolving ---

TEST_CASE_METHOD(ContractFixture,
                 "Contract: what is registered is fetched and watched",
                 "[contract]") {
  const std::unique_ptr<Resolver> resolver = Resolve();
  Log log;
  const Watcher watcher = resolver->Watch(log.callback());
  const Registration registration = Register("a");
  CHECK(registration.state().is_registered);
  CHECK(registration.state().last_error.ok());
  CHECK(registration.instance() == MakeInstance("demo", "a"));
  CHECK(Holds({"a 1"}));
  CHECK(Lists(*resolver, {"a 1"}));
  CHECK(ListsWhole(*resolver));
  CHECK(Eventually([&] { return log.EndsWith({"a 1"}); }));

  const SnapshotPtr snapshot = *resolver->Fetch(milliseconds(0));
  CHECK(snapshot->app_id == "demo");
  REQUIRE(snapshot->zones.count("zone01") == 1);
  const Instance& seen = *snapshot->zones.at("zone01").at(0);
  CHECK(seen.app_id == "demo");
  CHECK(seen.addrs == MakeInstance("demo", "a").addrs);
  CHECK(seen.metadata == MakeInstance("demo", "a").metadata);
  CHECK(seen.status == Instance::Status::kUp);
}

TEST_CASE_METHOD(ContractFixture,
                 "Contract: what is left empty of an Instance is filled in",
                 "[contract]") {
  Instance instance;
  instance.app_id = "demo";
  instance.addrs = {"grpc://10.0.0.1:90"};
  auto registered = backend->registry().Register(instance, Patient());
  REQUIRE(registered.ok());
  CHECK_FALSE(registered->instance().hostname.empty());
  CHECK(registered->instance().region == "region01");
  CHECK(registered->instance().zone == "zone01");
  CHECK(registered->instance().env == "dev");
}

TEST_CASE_METHOD(ContractFixture,
                 "Contract: Instances of one application are listed together",
                 "[contract]") {
  const std::unique_ptr<Resolver> resolver = Resolve();
  const Registration first = Register("a");
  CHECK(Lists(*resolver, {"a 1"}));
  CHECK(ListsWhole(*resolver));
  const SnapshotPtr before = *resolver->Fetch(milliseconds(0));
  const Registration second = Register("b", "2");
  CHECK(Lists(*resolver, {"a 1", "b 2"}));
  const SnapshotPtr after = *resolver->Fetch(milliseconds(0));
  CHECK(after->revision > before->revision);
  // What didn't change is the same object, in order of hostname.
  CHECK(after->zones.at("zone01").at(0) == before->zones.at("zone01").at(0));
}

TEST_CASE_METHOD(ContractFixture, "Contract: what is cancelled is gone",
                 "[contract]") {
  const std::unique_ptr<Resolver> resolver = Resolve();
  Log log;
  const Watcher watcher = resolver->Watch(log.callback());
  const Registration staying = Register("a");
  Registration registration = Register("b");
  CHECK(Eventually([&] { return log.EndsWith({"a 1", "b 1"}); }));
  SECTION("by Cancel") {
    CHECK(registration.Cancel().ok());
    CHECK_FALSE(registration.state().is_registered);
    CHECK(registration.Cancel().ok());
    CHECK(absl::IsFailedPrecondition(registration.Wait(kPatience)));
    CHECK(absl::IsFailedPrecondition(
        registration.Update(MakeInstance("demo", "b", "2"))));
  }
  SECTION("with its handle") { registration = Registration(); }
  CHECK(Holds({"a 1"}));
  CHECK(Eventually([&] { return log.EndsWith({"a 1"}); }));
  CHECK(Lists(*resolver, {"a 1"}));
}

TEST_CASE_METHOD(ContractFixture,
                 "Contract: the last one of an application is removed as well",
                 "[contract]") {
  Registration registration = Register("a");
  CHECK(Holds({"a 1"}));
  CHECK(registration.Cancel().ok());
  CHECK(Holds({}));
}

TEST_CASE_METHOD(ContractFixture,
                 "Contract: one Instance is registered once, and again after "
                 "its end",
                 "[contract]") {
  Registration registration = Register("a");
  const auto second =
      backend->registry().Register(MakeInstance("demo", "a", "2"), Patient());
  CHECK(absl::IsAlreadyExists(second.status()));
  CHECK(registration.state().is_registered);
  CHECK(Holds({"a 1"}));
  CHECK(registration.Cancel().ok());
  registration = Register("a", "2");
  CHECK(Holds({"a 2"}));
  // Assigning over a handle ends the old one first.
  registration = Registration();
  registration = Register("a", "3");
  CHECK(Holds({"a 3"}));
}

TEST_CASE_METHOD(ContractFixture, "Contract: an update is seen by Watchers",
                 "[contract]") {
  const std::unique_ptr<Resolver> resolver = Resolve();
  Log log;
  const Watcher watcher = resolver->Watch(log.callback());
  Registration registration = Register("a");
  CHECK(Eventually([&] { return log.EndsWith({"a 1"}); }));
  Instance update = MakeInstance("demo", "", "2");
  update.addrs = {"grpc://10.0.0.2:90"};
  CHECK(registration.Update(update).ok());
  CHECK(registration.instance().version == "2");
  CHECK(registration.instance().hostname == "a");
  CHECK(Eventually([&] { return log.EndsWith({"a 2"}); }));
  CHECK(log.seen().back()->AllInstances().at(0)->addrs == update.addrs);
  update.hostname = "b";
  CHECK(absl::IsInvalidArgument(registration.Update(update)));
}

TEST_CASE_METHOD(ContractFixture,
                 "Contract: on_change tells the beginning and the end",
                 "[contract]") {
  base::Mutex mutex;
  std::vector<bool> seen;
  RegisterOptions options = Patient();
  options.on_change = [&](const RegistrationState& state) {
    base::MutexLock lock(mutex);
    seen.push_back(state.is_registered);
  };
  const auto has_seen = [&](const std::vector<bool>& expected) {
    return Eventually([&] {
      base::MutexLock lock(mutex);
      return seen == expected;
    });
  };
  Registration registration = Register("a", "1", options);
  CHECK(has_seen({true}));
  CHECK(registration.Cancel().ok());
  CHECK(has_seen({true, false}));
}

// --- Reading ---

TEST_CASE_METHOD(ContractFixture,
                 "Contract: an unknown application is kNotFound, and found "
                 "when it appears",
                 "[contract]") {
  const std::unique_ptr<Resolver> resolver = Resolve();
  CHECK(Eventually([&] {
    return absl::IsNotFound(resolver->Fetch(milliseconds(10)).status());
  }));
  CHECK(absl::IsNotFound(resolver->Fetch(milliseconds(0)).status()));
  auto fetching =
      AsyncUntilAsleep([&] { return resolver->Fetch(kPatience).status(); });
  const Registration registration = Register("a");
  CHECK(fetching.get().ok());
}

TEST_CASE_METHOD(ContractFixture,
                 "Contract: without any answer Fetch ends with "
                 "kDeadlineExceeded, in time",
                 "[contract]") {
  CutOff();
  const std::unique_ptr<Resolver> resolver = Resolve();
  CHECK(absl::IsDeadlineExceeded(resolver->Fetch(milliseconds(0)).status()));
  CHECK(absl::IsDeadlineExceeded(resolver->Fetch(milliseconds(20)).status()));
  Reconnect();
  const Registration registration = Register("a");
  CHECK(Lists(*resolver, {"a 1"}));
}

TEST_CASE_METHOD(ContractFixture,
                 "Contract: a second Resolver has the list at once",
                 "[contract]") {
  const Registration registration = Register("a");
  const std::unique_ptr<Resolver> first = Resolve();
  CHECK(Lists(*first, {"a 1"}));
  const std::unique_ptr<Resolver> second = Resolve();
  const auto fetched = second->Fetch(milliseconds(0));
  REQUIRE(fetched.ok());
  CHECK(NamesOf(**fetched) == Names{"a 1"});
}

TEST_CASE_METHOD(ContractFixture,
                 "Contract: an application that is resolved again is followed "
                 "again",
                 "[contract]") {
  const Registration first = Register("a");
  std::unique_ptr<Resolver> resolver = Resolve();
  CHECK(Lists(*resolver, {"a 1"}));
  resolver.reset();
  const Registration second = Register("b");
  resolver = Resolve();
  CHECK(Lists(*resolver, {"a 1", "b 1"}));
}

TEST_CASE_METHOD(ContractFixture,
                 "Contract: a Target that isn't the backend's is refused",
                 "[contract]") {
  CHECK(absl::IsInvalidArgument(
      backend->builder().Build("unheard-of:///demo").status()));
  CHECK(absl::IsInvalidArgument(backend->builder().Build("demo").status()));
  Target target = *Target::Parse(backend->TargetOf("demo"));
  target.parameters.emplace_back("subest", "50");
  const absl::Status misspelt = backend->builder().Build(target).status();
  CHECK(absl::IsInvalidArgument(misspelt));
  CHECK_THAT(std::string(misspelt.message()), Catch::Contains("\"subest\""));
  target.parameters.clear();
  target.app_id.clear();
  CHECK(absl::IsInvalidArgument(backend->builder().Build(target).status()));
}

// --- Handles and callbacks ---

TEST_CASE_METHOD(ContractFixture,
                 "Contract: a Watcher may be destroyed in its callback",
                 "[contract]") {
  const std::unique_ptr<Resolver> resolver = Resolve();
  base::Mutex mutex;  // Orders the assignment before the call.
  std::optional<Watcher> watcher;
  std::atomic<int> calls{0};
  {
    base::MutexLock lock(mutex);
    watcher = resolver->Watch([&](const SnapshotPtr&) {
      base::MutexLock within(mutex);
      watcher.reset();
      ++calls;
    });
  }
  Log log;
  const Watcher other = resolver->Watch(log.callback());
  const Registration first = Register("a");
  CHECK(Eventually([&] { return calls == 1; }));
  const Registration second = Register("b");
  CHECK(Eventually([&] { return log.EndsWith({"a 1", "b 1"}); }));
  CHECK(calls == 1);
}

TEST_CASE_METHOD(ContractFixture,
                 "Contract: an ended Watcher or Registration calls nobody",
                 "[contract]") {
  const std::unique_ptr<Resolver> resolver = Resolve();
  Log ended_log;
  std::optional<Watcher> ended = resolver->Watch(ended_log.callback());
  std::atomic<int> changes{0};
  RegisterOptions options = Patient();
  options.on_change = [&](const RegistrationState&) { ++changes; };
  std::optional<Registration> registration = Register("a", "1", options);
  CHECK(Eventually([&] { return ended_log.EndsWith({"a 1"}); }));
  ended.reset();
  registration.reset();
  const std::size_t seen = ended_log.seen().size();
  const int told = changes;

  Log log;
  const Watcher watcher = resolver->Watch(log.callback());
  const Registration other = Register("b");
  // Callbacks come in order: an older one would have come before this.
  CHECK(Eventually([&] { return log.EndsWith({"b 1"}); }));
  CHECK(ended_log.seen().size() == seen);
  CHECK(changes == told);
}

TEST_CASE_METHOD(ContractFixture,
                 "Contract: destroying a Resolver ends its waiting Fetch",
                 "[contract]") {
  std::unique_ptr<Resolver> resolver = Resolve("unknown");
  auto fetching = AsyncUntilAsleep(
      [used = resolver.get()] { return used->Fetch(kPatience).status(); });
  resolver.reset();
  CHECK(absl::IsCancelled(fetching.get()));
}

TEST_CASE_METHOD(ContractFixture,
                 "Contract: a callback may use what it is told about",
                 "[contract]") {
  const std::unique_ptr<Resolver> resolver = Resolve();
  std::optional<Registration> second;
  Log inner_log;  // Outlives the Watcher that writes into it.
  std::optional<Watcher> inner;
  std::atomic<bool> is_done{false};
  std::atomic<bool> has_failed{false};
  const Watcher watcher = resolver->Watch([&](const SnapshotPtr&) {
    if (is_done) return;
    has_failed = !resolver->Fetch(milliseconds(0)).ok();
    inner = resolver->Watch(inner_log.callback());
    auto registered =
        backend->registry().Register(MakeInstance("demo", "b"), Patient());
    if (registered.ok()) {
      second = *std::move(registered);
    } else {
      has_failed = true;
    }
    is_done = true;
  });
  const Registration first = Register("a");
  CHECK(Eventually([&] { return is_done.load(); }));
  CHECK_FALSE(has_failed);
  CHECK(Eventually([&] { return inner_log.EndsWith({"a 1", "b 1"}); }));
}

// --- Failures ---

TEST_CASE_METHOD(ContractFixture,
                 "Contract: what is malformed is refused before any request",
                 "[contract]") {
  // A request would end with kUnavailable.
  CutOff();
  using Catch::Matchers::Contains;
  Instance instance = MakeInstance("demo", "a");
  RegisterOptions options = Patient();
  std::string field;
  SECTION("no address") {
    instance.addrs.clear();
    field = "instance.addrs";
  }
  SECTION("no application") {
    instance.app_id.clear();
    field = "instance.app_id";
  }
  SECTION("a timeout out of range") {
    options.timeout = milliseconds(0);
    field = "options.timeout";
  }
  const absl::Status status =
      backend->registry().Register(instance, options).status();
  CHECK(absl::IsInvalidArgument(status));
  CHECK_THAT(std::string(status.message()), Contains(field));
}

TEST_CASE_METHOD(ContractFixture,
                 "Contract: with the registry out of reach Register fails in "
                 "time and leaves nothing behind",
                 "[contract]") {
  CutOff();
  RegisterOptions options;
  options.timeout = milliseconds(500);
  const auto registered =
      backend->registry().Register(MakeInstance("demo", "a"), options);
  CHECK(absl::IsUnavailable(registered.status()));
  Reconnect();
  const Registration other = Register("b");
  CHECK(Holds({"b 1"}));
  // Its name is free.
  const Registration again = Register("a", "2");
  CHECK(Holds({"a 2", "b 1"}));
}

TEST_CASE_METHOD(ContractFixture,
                 "Contract: with kKeepTrying it is registered once the "
                 "registry is back",
                 "[contract]") {
  CutOff();
  Registration registration =
      Register("a", "1", Patient(RegisterMode::kKeepTrying));
  CHECK(Eventually([&] { return !registration.state().last_error.ok(); }));
  CHECK_FALSE(registration.state().is_registered);
  CHECK(absl::IsUnavailable(registration.Wait(milliseconds(1))));
  Reconnect();
  CHECK(registration.Wait(kPatience).ok());
  CHECK(registration.state().is_registered);
  CHECK(registration.state().last_error.ok());
  CHECK(Holds({"a 1"}));
}

TEST_CASE_METHOD(ContractFixture,
                 "Contract: while the registry is out of reach lists stay, and "
                 "go on afterwards",
                 "[contract]") {
  const std::unique_ptr<Resolver> resolver = Resolve();
  Log log;
  const Watcher watcher = resolver->Watch(log.callback());
  const Registration first = Register("a");
  const Registration second = Register("b");
  CHECK(Eventually([&] { return log.EndsWith({"a 1", "b 1"}); }));
  CutOff();
  // Long enough for requests to fail.
  Registration third = Register("c", "1", Patient(RegisterMode::kKeepTrying));
  CHECK(Eventually([&] { return !third.state().last_error.ok(); }));
  CHECK(NamesOf(**resolver->Fetch(milliseconds(0))) == Names{"a 1", "b 1"});
  CHECK(first.state().is_registered);
  const std::unique_ptr<Resolver> late = Resolve();
  CHECK(late->Fetch(milliseconds(0)).ok());
  Reconnect();
  CHECK(third.Wait(kPatience).ok());
  CHECK(Eventually([&] { return log.EndsWith({"a 1", "b 1", "c 1"}); }));
}

TEST_CASE_METHOD(ContractFixture,
                 "Contract: what the registry lost comes back by itself",
                 "[contract]") {
  Registration first = Register("a");
  const Registration second = Register("b");
  CHECK(Holds({"a 1", "b 1"}));
  SECTION("all of it") { backend->Forget(); }
  SECTION("one of it") { backend->RemoveBehind(first.instance()); }
  backend->LetRefresh();
  CHECK(Holds({"a 1", "b 1"}));
  CHECK(Eventually([&] {
    return first.state().is_registered && first.state().last_error.ok();
  }));
  // And it is still ours to end.
  CHECK(first.Cancel().ok());
  CHECK(Holds({"b 1"}));
}

TEST_CASE_METHOD(ContractFixture,
                 "Contract: what was cancelled doesn't come back",
                 "[contract]") {
  Registration cancelled = Register("a");
  const Registration staying = Register("b");
  CHECK(cancelled.Cancel().ok());
  backend->Forget();
  backend->LetRefresh();
  CHECK(Holds({"b 1"}));
}

// --- The end of the client ---

TEST_CASE_METHOD(ContractFixture,
                 "Contract: handles outlive their client and go quiet",
                 "[contract]") {
  std::unique_ptr<Resolver> resolver = Resolve();
  Log log;
  std::optional<Watcher> watcher = resolver->Watch(log.callback());
  Registration registration = Register("a");
  CHECK(Eventually([&] { return log.EndsWith({"a 1"}); }));
  const std::unique_ptr<Resolver> waiting = Resolve("unknown");
  auto fetching =
      AsyncUntilAsleep([&] { return waiting->Fetch(kPatience).status(); });

  backend->DestroyClient();
  CHECK(absl::IsCancelled(fetching.get()));
  CHECK(Holds({}));
  CHECK(registration.Cancel().ok());
  CHECK(registration.instance().hostname == "a");
  CHECK_FALSE(registration.state().is_registered);
  CHECK(absl::IsFailedPrecondition(registration.Wait(kPatience)));
  CHECK(absl::IsFailedPrecondition(
      registration.Update(MakeInstance("demo", "a", "2"))));

  const auto fetched = resolver->Fetch(kPatience);
  REQUIRE(fetched.ok());
  CHECK(NamesOf(**fetched) == Names{"a 1"});
  CHECK(absl::IsCancelled(waiting->Fetch(kPatience).status()));
  const Watcher quiet = resolver->Watch(log.callback());
  watcher.reset();
  resolver.reset();
  registration = Registration();
}

TEST_CASE_METHOD(ContractFixture,
                 "Contract: a client may go while the registry is out of reach",
                 "[contract]") {
  const std::unique_ptr<Resolver> resolver = Resolve();
  Registration registration = Register("a");
  CHECK(Lists(*resolver, {"a 1"}));
  CutOff();
  backend->DestroyClient();
  const absl::Status cancelled = registration.Cancel();
  CHECK(
      (absl::IsUnavailable(cancelled) || absl::IsDeadlineExceeded(cancelled)));
  CHECK(resolver->Fetch(milliseconds(0)).ok());
}

TEST_CASE_METHOD(ContractFixture,
                 "Contract: many threads may use a client at once",
                 "[contract]") {
  constexpr int kThreads = 4;
  constexpr int kRounds = 5;
  std::atomic<int> failures{0};
  std::atomic<bool> has_wrong_list{false};
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      const std::string hostname = std::to_string(i);
      for (int round = 0; round < kRounds; ++round) {
        auto resolver = backend->builder().Build(backend->TargetOf("demo"));
        auto registered = backend->registry().Register(
            MakeInstance("demo", hostname), Patient());
        if (!resolver.ok() || !registered.ok()) {
          ++failures;
          continue;
        }
        const Watcher watcher =
            (*resolver)->Watch([&](const SnapshotPtr& snapshot) {
              if (snapshot->size() > kThreads) has_wrong_list = true;
            });
        if (!(*resolver)->Fetch(kPatience).ok()) ++failures;
        if (!registered->Update(MakeInstance("demo", hostname, "2")).ok() ||
            !registered->Cancel().ok()) {
          ++failures;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(failures == 0);
  CHECK_FALSE(has_wrong_list);
  CHECK(Holds({}));
}

}  // namespace
}  // namespace naming::testing

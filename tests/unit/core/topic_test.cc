// SPDX-License-Identifier: Apache-2.0

#include "core/topic.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "tests/support/asleep.h"
#include "tests/support/catch.h"
#include "tests/support/eventually.h"
#include "tests/support/fake_clock.h"
#include "tests/support/instances.h"

namespace naming::core {
namespace {

using std::chrono::milliseconds;
using testing::AsyncUntilAsleep;
using testing::Eventually;
using testing::MakeInstance;

using SnapshotPtr = std::shared_ptr<const Snapshot>;

Instance InZone(const std::string& zone, const std::string& hostname,
                const std::string& version = "1") {
  Instance instance = MakeInstance("demo", hostname, version);
  instance.zone = zone;
  return instance;
}

// What a callback was told, in order. Thread-safe.
class Told {
 public:
  void Add(const SnapshotPtr& snapshot) {
    base::MutexLock lock(mutex_);
    revisions_.push_back(snapshot->revision);
  }
  std::vector<std::int64_t> revisions() const {
    base::MutexLock lock(mutex_);
    return revisions_;
  }

 private:
  mutable base::Mutex mutex_;
  std::vector<std::int64_t> revisions_ ABSL_GUARDED_BY(mutex_);
};

// A list that a registry gave without a break since the one before.
List Live(std::vector<Instance> instances) {
  List list;
  list.instances = std::move(instances);
  list.is_live = true;
  return list;
}

// A list after which a registry has restarted, perhaps.
List NotLive(std::vector<Instance> instances) {
  List list = Live(std::move(instances));
  list.is_live = false;
  return list;
}

struct TopicFixture {
  ~TopicFixture() { dispatcher->Stop(); }

  std::shared_ptr<const TopicSetting> MakeSetting() const {
    auto setting = std::make_shared<TopicSetting>();
    setting->backend = "discovery";
    setting->dispatcher = dispatcher;
    setting->clock = &clock;
    return setting;
  }

  SnapshotPtr Current() {
    auto fetched = topic->Fetch(milliseconds(0), &never);
    REQUIRE(fetched.ok());
    return *fetched;
  }

  // Keeps the Dispatcher's thread busy until the returned promise is set.
  std::promise<void> Occupy() {
    std::promise<void> release;
    dispatcher->Post(
        [future = release.get_future().share()] { future.wait(); });
    return release;
  }

  // Returns when what was scheduled so far has run.
  void Settle() {
    std::promise<void> reached;
    dispatcher->Post([&] { reached.set_value(); });
    reached.get_future().wait();
  }

  const std::atomic<bool> never{false};
  testing::FakeClock clock;
  std::shared_ptr<Dispatcher> dispatcher = std::make_shared<Dispatcher>();
  std::shared_ptr<Topic> topic = std::make_shared<Topic>(MakeSetting(), "demo");
};

TEST_CASE_METHOD(TopicFixture,
                 "The first list becomes the Snapshot of revision 1, by zone "
                 "and hostname",
                 "[topic]") {
  List list;
  list.instances = {InZone("b", "2"), InZone("a", "3"), InZone("b", "1")};
  list.schedule.clients["a"] = {{"b", 5}};
  topic->Publish(list);
  const SnapshotPtr snapshot = Current();
  CHECK(snapshot->app_id == "demo");
  CHECK(snapshot->revision == 1);
  CHECK(snapshot->schedule == list.schedule);
  REQUIRE(snapshot->zones.size() == 2);
  REQUIRE(snapshot->zones.at("a").size() == 1);
  CHECK(*snapshot->zones.at("a")[0] == InZone("a", "3"));
  REQUIRE(snapshot->zones.at("b").size() == 2);
  CHECK(*snapshot->zones.at("b")[0] == InZone("b", "1"));
  CHECK(*snapshot->zones.at("b")[1] == InZone("b", "2"));
}

TEST_CASE_METHOD(TopicFixture, "An empty first list is a Snapshot too",
                 "[topic]") {
  topic->Publish({});
  CHECK(Current()->revision == 1);
  CHECK(Current()->zones.empty());
}

TEST_CASE_METHOD(TopicFixture,
                 "Of two Instances with one zone and hostname the last counts",
                 "[topic]") {
  topic->Publish(Live({InZone("a", "1", "old"), InZone("b", "1", "other"),
                       InZone("a", "1", "new")}));
  REQUIRE(Current()->size() == 2);
  CHECK(Current()->zones.at("a")[0]->version == "new");
}

TEST_CASE_METHOD(TopicFixture, "A list of the same content changes nothing",
                 "[topic]") {
  topic->Publish(Live({InZone("a", "1"), InZone("a", "2")}));
  const SnapshotPtr before = Current();
  Told told;
  const Watcher watcher = topic->Watch([&](SnapshotPtr s) { told.Add(s); });
  CHECK(Eventually([&] { return told.revisions().size() == 1; }));
  topic->Publish(Live({InZone("a", "2"), InZone("a", "1")}));
  Settle();
  CHECK(Current() == before);
  CHECK(told.revisions() == std::vector<std::int64_t>{1});
}

TEST_CASE_METHOD(TopicFixture,
                 "Instances that a change didn't touch keep their objects",
                 "[topic]") {
  topic->Publish(Live({InZone("a", "1"), InZone("a", "2"), InZone("b", "3")}));
  const SnapshotPtr before = Current();
  topic->Publish(Live({InZone("a", "1"), InZone("a", "2", "new")}));
  const SnapshotPtr after = Current();
  CHECK(after->revision == 2);
  CHECK(after->zones.count("b") == 0);
  CHECK(after->zones.at("a")[0] == before->zones.at("a")[0]);
  CHECK(after->zones.at("a")[1] != before->zones.at("a")[1]);
  CHECK(after->zones.at("a")[1]->version == "new");
  // A published Snapshot stays as it is.
  CHECK(before->zones.at("a")[1]->version == "1");
  CHECK(before->size() == 3);
}

TEST_CASE_METHOD(TopicFixture, "A change of the Schedule alone is a change",
                 "[topic]") {
  topic->Publish(Live({InZone("a", "1")}));
  const SnapshotPtr before = Current();
  List list{{InZone("a", "1")}, {}};
  list.schedule.clients["a"] = {{"a", 3}};
  topic->Publish(list);
  CHECK(Current()->revision == 2);
  CHECK(Current()->zones == before->zones);
}

TEST_CASE_METHOD(TopicFixture, "Errors never change the Snapshot", "[topic]") {
  topic->Publish(Live({InZone("a", "1")}));
  const SnapshotPtr before = Current();
  topic->ReportError(absl::UnavailableError("discovery: poll demo: refused"));
  CHECK(Current() == before);
  topic->ReportMissing(absl::NotFoundError("discovery: poll demo: code -404"),
                       false);
  CHECK(Current() == before);
}

TEST_CASE_METHOD(TopicFixture, "Fetch says why no list came", "[topic]") {
  const milliseconds timeout = GENERATE(milliseconds(0), milliseconds(1));
  const auto fetch = [&] { return topic->Fetch(timeout, &never).status(); };
  const std::string no_list = "discovery: fetch demo: no list within " +
                              std::to_string(timeout.count()) + "ms";

  CHECK(fetch() == absl::DeadlineExceededError(no_list));

  topic->ReportMissing(absl::NotFoundError("discovery: poll demo: code -404"),
                       false);
  CHECK(fetch() == absl::NotFoundError("discovery: poll demo: code -404"));

  // The last word counts, whatever its code.
  topic->ReportError(absl::NotFoundError("discovery: poll demo: no node"));
  CHECK(fetch() == absl::DeadlineExceededError(
                       no_list + ": discovery: poll demo: no node"));
}

TEST_CASE_METHOD(TopicFixture, "A negative timeout counts as zero", "[topic]") {
  CHECK(absl::IsDeadlineExceeded(
      topic->Fetch(milliseconds::min(), &never).status()));
  topic->Publish({});
  CHECK(topic->Fetch(milliseconds(-1), &never).ok());
}

TEST_CASE_METHOD(TopicFixture, "Fetch waits for the first list, however long",
                 "[topic]") {
  const milliseconds timeout =
      GENERATE(milliseconds::max(), milliseconds(60'000));
  auto fetching = std::async(std::launch::async,
                             [&] { return topic->Fetch(timeout, &never); });
  topic->ReportError(absl::UnavailableError("discovery: poll demo: refused"));
  topic->Publish(Live({InZone("a", "1")}));
  const auto fetched = fetching.get();
  REQUIRE(fetched.ok());
  CHECK((*fetched)->size() == 1);
}

TEST_CASE_METHOD(TopicFixture, "A Fetch that waits can be cancelled",
                 "[topic]") {
  std::atomic<bool> cancelled{false};
  auto fetching = AsyncUntilAsleep(
      [&] { return topic->Fetch(milliseconds::max(), &cancelled).status(); });
  cancelled = true;
  topic->Interrupt();
  CHECK(absl::IsCancelled(fetching.get()));
}

TEST_CASE_METHOD(TopicFixture,
                 "Close ends every Fetch without a Snapshot, present and later",
                 "[topic]") {
  auto fetching = AsyncUntilAsleep(
      [&] { return topic->Fetch(milliseconds::max(), &never).status(); });
  topic->Close();
  CHECK(absl::IsCancelled(fetching.get()));
  CHECK(absl::IsCancelled(topic->Fetch(milliseconds::max(), &never).status()));
}

TEST_CASE_METHOD(TopicFixture,
                 "Once closed, Fetch answers from memory and Watch is quiet",
                 "[topic]") {
  topic->Publish(Live({InZone("a", "1")}));
  topic->Close();
  topic->Publish({});
  CHECK(Current()->size() == 1);
  auto owned = std::make_shared<int>(0);
  const std::weak_ptr<int> watch = owned;
  const Watcher watcher =
      topic->Watch([owned = std::move(owned)](const SnapshotPtr&) {});
  CHECK(watch.expired());
}

TEST_CASE_METHOD(TopicFixture,
                 "Watch tells the present Snapshot and later ones, on the "
                 "Dispatcher's thread",
                 "[topic]") {
  topic->Publish({});
  Told told;
  std::atomic<bool> is_elsewhere{false};
  const Watcher watcher = topic->Watch([&](SnapshotPtr snapshot) {
    if (!dispatcher->IsCurrent()) is_elsewhere = true;
    told.Add(snapshot);
  });
  CHECK(Eventually([&] { return told.revisions().size() == 1; }));
  topic->Publish(Live({InZone("a", "1")}));
  CHECK(Eventually([&] { return told.revisions().size() == 2; }));
  CHECK(told.revisions() == std::vector<std::int64_t>{1, 2});
  CHECK_FALSE(is_elsewhere);
}

TEST_CASE_METHOD(TopicFixture, "Without a Snapshot, Watch tells nothing yet",
                 "[topic]") {
  Told told;
  const Watcher watcher = topic->Watch([&](SnapshotPtr s) { told.Add(s); });
  topic->ReportError(absl::UnavailableError("x"));
  Settle();
  CHECK(told.revisions().empty());
  topic->Publish({});
  CHECK(Eventually([&] { return told.revisions().size() == 1; }));
}

TEST_CASE_METHOD(TopicFixture,
                 "A slow callback misses Snapshots in between, never the last, "
                 "and delays nobody's list",
                 "[topic]") {
  Told told;
  const Watcher watcher = topic->Watch([&](SnapshotPtr s) { told.Add(s); });
  std::promise<void> release = Occupy();
  for (int i = 0; i < 100; ++i) {
    topic->Publish(Live({InZone("a", "1", std::to_string(i))}));
  }
  CHECK(Current()->revision == 100);
  release.set_value();
  Settle();
  CHECK(told.revisions() == std::vector<std::int64_t>{100});
}

TEST_CASE_METHOD(TopicFixture, "Each Watcher is told on its own", "[topic]") {
  topic->Publish({});
  Told first_told;
  Told second_told;
  std::optional<Watcher> first =
      topic->Watch([&](SnapshotPtr s) { first_told.Add(s); });
  CHECK(Eventually([&] { return first_told.revisions().size() == 1; }));
  const Watcher second =
      topic->Watch([&](SnapshotPtr s) { second_told.Add(s); });
  CHECK(Eventually([&] { return second_told.revisions().size() == 1; }));
  first.reset();
  topic->Publish(Live({InZone("a", "1")}));
  CHECK(Eventually([&] { return second_told.revisions().size() == 2; }));
  Settle();
  CHECK(first_told.revisions() == std::vector<std::int64_t>{1});
}

TEST_CASE_METHOD(TopicFixture,
                 "After ~Watcher nothing comes, though it was on its way",
                 "[topic]") {
  Told told;
  std::optional<Watcher> watcher =
      topic->Watch([&](SnapshotPtr s) { told.Add(s); });
  std::promise<void> release = Occupy();
  topic->Publish({});
  watcher.reset();
  release.set_value();
  Settle();
  CHECK(told.revisions().empty());
}

TEST_CASE_METHOD(TopicFixture, "~Watcher waits for the call that runs",
                 "[topic]") {
  std::promise<void> began;
  std::promise<void> go_on;
  std::atomic<bool> has_ended{false};
  auto owned = std::make_shared<int>(0);
  const std::weak_ptr<int> watch = owned;
  std::optional<Watcher> watcher =
      topic->Watch([&, owned = std::move(owned)](const SnapshotPtr&) {
        began.set_value();
        go_on.get_future().wait();
        has_ended = true;
      });
  topic->Publish({});
  began.get_future().wait();
  auto ending = AsyncUntilAsleep([&] {
    watcher.reset();
    return has_ended && watch.expired();
  });
  go_on.set_value();
  CHECK(ending.get());
}

TEST_CASE_METHOD(TopicFixture,
                 "A callback may destroy its own Watcher and read on",
                 "[topic]") {
  std::optional<Watcher> watcher;
  base::Mutex mutex;  // Orders the assignment before the call.
  auto owned = std::make_shared<std::string>("still here");
  const std::weak_ptr<std::string> watch = owned;
  std::atomic<bool> was_alive{false};
  {
    base::MutexLock lock(mutex);
    watcher = topic->Watch([&, owned = std::move(owned)](const SnapshotPtr&) {
      base::MutexLock within(mutex);
      watcher.reset();
      was_alive = *owned == "still here";
    });
  }
  topic->Publish({});
  CHECK(Eventually([&] { return watch.expired(); }));
  CHECK(was_alive);
  topic->Publish(Live({InZone("a", "1")}));
  Settle();
}

TEST_CASE_METHOD(TopicFixture,
                 "A callback may fetch, watch, and destroy another Watcher",
                 "[topic]") {
  Told inner_told;
  Told other_told;
  std::optional<Watcher> inner;
  std::optional<Watcher> other =
      topic->Watch([&](SnapshotPtr s) { other_told.Add(s); });
  std::atomic<std::int64_t> fetched{0};
  std::promise<void> release = Occupy();
  const Watcher watcher = topic->Watch([&](const SnapshotPtr& snapshot) {
    if (snapshot->revision > 1) return;
    const auto current = topic->Fetch(milliseconds(0), &never);
    if (current.ok()) fetched = (*current)->revision;
    other.reset();
    inner = topic->Watch([&](SnapshotPtr s) { inner_told.Add(s); });
  });
  release.set_value();
  topic->Publish({});
  CHECK(Eventually([&] { return inner_told.revisions().size() == 1; }));
  CHECK(fetched == 1);
  topic->Publish(Live({InZone("a", "1")}));
  CHECK(Eventually([&] { return inner_told.revisions().size() == 2; }));
  Settle();
  // It is told the first Snapshot before `watcher` is, or not at all.
  CHECK(other_told.revisions().size() <= 1);
}

TEST_CASE_METHOD(TopicFixture, "A Watcher keeps its Topic alive", "[topic]") {
  const std::weak_ptr<Topic> watch = topic;
  std::optional<Watcher> watcher = topic->Watch([](const SnapshotPtr&) {});
  topic.reset();
  CHECK_FALSE(watch.expired());
  watcher.reset();
  CHECK(watch.expired());
}

TEST_CASE_METHOD(TopicFixture, "A Watcher may outlive the Dispatcher's thread",
                 "[topic]") {
  topic->Publish({});
  std::optional<Watcher> watcher = topic->Watch([](const SnapshotPtr&) {});
  topic->Close();
  dispatcher->Stop();
  topic->Publish(Live({InZone("a", "1")}));
  watcher.reset();
}

TEST_CASE_METHOD(TopicFixture,
                 "Revisions go on after the one that a Topic is given",
                 "[topic]") {
  Topic later(MakeSetting(), "demo", 41);
  CHECK(later.revision() == 41);
  later.Publish({});
  CHECK(later.revision() == 42);
  CHECK((*later.Fetch(milliseconds(0), &never))->revision == 42);
}

TEST_CASE_METHOD(TopicFixture,
                 "Watchers that come and go while lists are published see "
                 "revisions grow and end with the last",
                 "[topic]") {
  constexpr int kLists = 5000;
  std::atomic<bool> is_wrong{false};
  std::atomic<int> finished{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      std::atomic<std::int64_t> last{0};
      const auto on_change = [&](const SnapshotPtr& snapshot) {
        if (snapshot->revision <= last) is_wrong = true;
        last = snapshot->revision;
      };
      std::optional<Watcher> watcher = topic->Watch(on_change);
      for (int j = 0; j < 50; ++j) {
        watcher.reset();
        last = 0;
        watcher = topic->Watch(on_change);
      }
      if (Eventually([&] { return last == kLists; })) ++finished;
    });
  }
  for (int i = 0; i < kLists; ++i) {
    topic->Publish(Live({InZone("a", "1", std::to_string(i))}));
  }
  for (std::thread& thread : threads) thread.join();
  CHECK_FALSE(is_wrong);
  CHECK(finished == 4);
}

TEST_CASE_METHOD(TopicFixture,
                 "What a list lacks without proof is held back for a while",
                 "[topic]") {
  topic->Publish(Live({InZone("a", "1"), InZone("a", "2"), InZone("b", "3")}));
  const SnapshotPtr before = Current();
  const auto answer = [&, which = GENERATE(0, 1, 2)] {
    switch (which) {
      case 0:
        return topic->Publish(NotLive({}));
      case 1:
        return topic->Publish(NotLive({InZone("a", "1")}));
      default:
        return topic->ReportMissing(absl::NotFoundError("gone"), false);
    }
  };
  CHECK_FALSE(answer());  // Nobody needs to hurry.
  CHECK(Current() == before);
  SECTION("until answers still lack it") {
    clock.Advance(std::chrono::seconds(90));
    answer();
    CHECK(Current()->size() <= 1);
  }
  SECTION("and comes back as the same objects") {
    topic->Publish(
        Live({InZone("a", "1"), InZone("a", "2"), InZone("b", "3")}));
    CHECK(Current() == before);
  }
}

TEST_CASE_METHOD(TopicFixture,
                 "An empty answer says nothing about what is held back",
                 "[topic]") {
  List list = Live({InZone("a", "1"), InZone("b", "2")});
  list.schedule.clients["c"]["a"] = 1;
  topic->Publish(list);
  const SnapshotPtr before = Current();
  SECTION("a list of nothing") { topic->Publish(NotLive({})); }
  SECTION("no such application") {
    topic->ReportMissing(absl::NotFoundError("gone"), false);
  }
  CHECK(Current() == before);
}

TEST_CASE_METHOD(TopicFixture, "What is seen to leave is gone at once",
                 "[topic]") {
  topic->Publish(Live({InZone("a", "1"), InZone("a", "2"), InZone("b", "3")}));
  SECTION("from a list") { topic->Publish(Live({})); }
  SECTION("with its application") {
    topic->ReportMissing(absl::NotFoundError("discovery: poll demo: gone"),
                         true);
  }
  CHECK(Current()->zones.empty());
}

TEST_CASE_METHOD(TopicFixture,
                 "Where one answer may be wrong, a list is emptied by two",
                 "[topic]") {
  auto setting = std::make_shared<TopicSetting>(*MakeSetting());
  setting->confirm_after = milliseconds(1000);
  topic = std::make_shared<Topic>(setting, "demo");
  const auto all = [] { return Live({InZone("a", "1"), InZone("b", "2")}); };
  CHECK_FALSE(topic->Publish(all()));
  const SnapshotPtr before = Current();
  const auto say_empty = [&, is_missing = GENERATE(true, false)] {
    return is_missing ? topic->ReportMissing(absl::NotFoundError("gone"), true)
                      : topic->Publish(Live({}));
  };
  // And says how soon the registry should be asked again.
  CHECK(say_empty() == milliseconds(1000));
  CHECK(Current() == before);
  clock.Advance(milliseconds(400));
  CHECK(say_empty() == milliseconds(600));
  CHECK(Current() == before);
  CHECK(setting->monitor->counters().Stats().suppressed_shrinks == 1);
  SECTION("the second of which says the same") {
    clock.Advance(milliseconds(600));
    CHECK_FALSE(say_empty());
    CHECK(Current()->zones.empty());
  }
  SECTION("not by one that the next contradicts, however often") {
    CHECK_FALSE(topic->Publish(all()));
    CHECK(Current() == before);
    clock.Advance(milliseconds(600));
    CHECK(say_empty() == milliseconds(1000));
    CHECK(Current() == before);
  }
  SECTION("not by one that the very same objects contradict") {
    List same;
    same.is_live = true;
    same.objects = before->AllInstances();
    CHECK_FALSE(topic->Publish(same));
    clock.Advance(milliseconds(600));
    CHECK(say_empty() == milliseconds(1000));
  }
}

}  // namespace
}  // namespace naming::core

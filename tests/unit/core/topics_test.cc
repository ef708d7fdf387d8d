// SPDX-License-Identifier: Apache-2.0

#include "core/topics.h"

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
#include "tests/support/instances.h"

namespace naming::core {
namespace {

using std::chrono::milliseconds;
using testing::AsyncUntilAsleep;
using testing::Eventually;
using testing::MakeInstance;

using SnapshotPtr = std::shared_ptr<const Snapshot>;

// Notes what it is told to follow. Thread-safe.
class FakeSource final : public Source {
 public:
  void Follow(std::shared_ptr<Topic> topic) override {
    base::MutexLock lock(mutex_);
    calls_.push_back("follow " + topic->app_id());
    topics_.push_back(std::move(topic));
  }

  void Unfollow(std::shared_ptr<Topic> topic) override {
    base::MutexLock lock(mutex_);
    calls_.push_back("unfollow " + topic->app_id());
    is_mismatched_ = is_mismatched_ || topics_.back() != topic;
  }

  std::vector<std::string> calls() const {
    base::MutexLock lock(mutex_);
    return calls_;
  }

  // Returns the Topic followed last.
  std::shared_ptr<Topic> topic() const {
    base::MutexLock lock(mutex_);
    return topics_.back();
  }

  // Returns whether a Topic was dropped that wasn't the one followed last.
  bool is_mismatched() const {
    base::MutexLock lock(mutex_);
    return is_mismatched_;
  }

 private:
  mutable base::Mutex mutex_;
  std::vector<std::string> calls_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::shared_ptr<Topic>> topics_ ABSL_GUARDED_BY(mutex_);
  bool is_mismatched_ ABSL_GUARDED_BY(mutex_) = false;
};

using Calls = std::vector<std::string>;

struct TopicsFixture {
  ~TopicsFixture() {
    topics->Close();
    dispatcher->Stop();
  }

  TopicSetting MakeSetting() const {
    TopicSetting setting;
    setting.backend = "discovery";
    setting.dispatcher = dispatcher;
    return setting;
  }

  FakeSource source;
  std::shared_ptr<Dispatcher> dispatcher = std::make_shared<Dispatcher>();
  std::shared_ptr<Topics> topics =
      std::make_shared<Topics>(&source, MakeSetting());
};

TEST_CASE_METHOD(TopicsFixture,
                 "An application is followed once, however many Resolvers, and "
                 "dropped when the last is gone",
                 "[topics]") {
  std::unique_ptr<Resolver> first = topics->Resolve("a");
  std::unique_ptr<Resolver> second = topics->Resolve("a");
  const std::unique_ptr<Resolver> other = topics->Resolve("b");
  CHECK(source.calls() == Calls{"follow a", "follow b"});
  first.reset();
  CHECK(source.calls().size() == 2);
  second.reset();
  CHECK(source.calls() == Calls{"follow a", "follow b", "unfollow a"});
}

TEST_CASE_METHOD(TopicsFixture, "A Watcher alone keeps an application followed",
                 "[topics]") {
  std::unique_ptr<Resolver> resolver = topics->Resolve("a");
  std::atomic<int> told{0};
  std::optional<Watcher> watcher =
      resolver->Watch([&](const SnapshotPtr&) { ++told; });
  resolver.reset();
  CHECK(source.calls() == Calls{"follow a"});
  source.topic()->Publish({});
  CHECK(Eventually([&] { return told == 1; }));
  watcher.reset();
  CHECK(source.calls() == Calls{"follow a", "unfollow a"});
}

TEST_CASE_METHOD(TopicsFixture, "Resolvers of one application share its list",
                 "[topics]") {
  const std::unique_ptr<Resolver> first = topics->Resolve("a");
  source.topic()->Publish({{MakeInstance("a", "1")}, {}, true});
  const std::unique_ptr<Resolver> second = topics->Resolve("a");
  const auto fetched = second->Fetch(milliseconds(0));
  REQUIRE(fetched.ok());
  CHECK(*fetched == *first->Fetch(milliseconds(0)));
}

TEST_CASE_METHOD(TopicsFixture,
                 "An application that is resolved again begins without a list, "
                 "and its revisions go on",
                 "[topics]") {
  std::unique_ptr<Resolver> resolver = topics->Resolve("a");
  source.topic()->Publish({});
  source.topic()->Publish({{MakeInstance("a", "1")}, {}, true});
  resolver.reset();
  resolver = topics->Resolve("a");
  CHECK(source.calls() == Calls{"follow a", "unfollow a", "follow a"});
  CHECK(absl::IsDeadlineExceeded(resolver->Fetch(milliseconds(0)).status()));
  source.topic()->Publish({{MakeInstance("a", "1")}, {}, true});
  CHECK((*resolver->Fetch(milliseconds(0)))->revision == 3);
}

TEST_CASE_METHOD(TopicsFixture,
                 "A Resolver that goes ends its own waiting Fetch calls",
                 "[topics]") {
  std::unique_ptr<Resolver> resolver = topics->Resolve("a");
  const std::unique_ptr<Resolver> other = topics->Resolve("a");
  std::vector<std::future<absl::Status>> fetching;
  for (int i = 0; i < 3; ++i) {
    fetching.push_back(AsyncUntilAsleep([used = resolver.get()] {
      return used->Fetch(milliseconds::max()).status();
    }));
  }
  auto staying = AsyncUntilAsleep(
      [&] { return other->Fetch(milliseconds::max()).status(); });
  resolver.reset();
  for (auto& status : fetching) CHECK(absl::IsCancelled(status.get()));
  source.topic()->Publish({});
  CHECK(staying.get().ok());
}

TEST_CASE_METHOD(TopicsFixture,
                 "A Watcher may be destroyed within its callback, as the last "
                 "use of the application",
                 "[topics]") {
  base::Mutex mutex;  // Orders the assignment before the call.
  std::optional<Watcher> watcher;
  {
    base::MutexLock lock(mutex);
    watcher = topics->Resolve("a")->Watch([&](const SnapshotPtr&) {
      base::MutexLock within(mutex);
      watcher.reset();
    });
  }
  source.topic()->Publish({});
  CHECK(Eventually([&] { return source.calls().size() == 2; }));
  CHECK(source.calls() == Calls{"follow a", "unfollow a"});
}

TEST_CASE_METHOD(TopicsFixture, "A Resolver may be destroyed in a callback",
                 "[topics]") {
  std::unique_ptr<Resolver> resolver = topics->Resolve("a");
  std::atomic<bool> is_gone{false};
  std::optional<Watcher> watcher = resolver->Watch([&](const SnapshotPtr&) {
    resolver.reset();
    is_gone = true;
  });
  source.topic()->Publish({});
  CHECK(Eventually([&] { return is_gone.load(); }));
  watcher.reset();
  CHECK(source.calls() == Calls{"follow a", "unfollow a"});
}

TEST_CASE_METHOD(TopicsFixture, "Close ends waiting Fetch calls", "[topics]") {
  const std::unique_ptr<Resolver> resolver = topics->Resolve("a");
  auto fetching = AsyncUntilAsleep(
      [&] { return resolver->Fetch(milliseconds::max()).status(); });
  topics->Close();
  CHECK(absl::IsCancelled(fetching.get()));
}

TEST_CASE_METHOD(TopicsFixture,
                 "Once closed, nothing is followed, and what is there answers "
                 "from memory",
                 "[topics]") {
  std::unique_ptr<Resolver> resolver = topics->Resolve("a");
  std::optional<Watcher> watcher = resolver->Watch([](const SnapshotPtr&) {});
  source.topic()->Publish({{MakeInstance("a", "1")}, {}, true});
  topics->Close();
  dispatcher->Stop();

  CHECK((*resolver->Fetch(milliseconds(0)))->size() == 1);
  const std::unique_ptr<Resolver> late = topics->Resolve("a");
  CHECK(absl::IsCancelled(late->Fetch(milliseconds::max()).status()));
  const Watcher quiet = late->Watch([](const SnapshotPtr&) {});
  watcher.reset();
  resolver.reset();
  CHECK(source.calls() == Calls{"follow a"});
}

TEST_CASE_METHOD(TopicsFixture, "A Resolver may outlive the Topics",
                 "[topics]") {
  std::unique_ptr<Resolver> resolver = topics->Resolve("a");
  topics->Close();
  auto kept =
      std::exchange(topics, std::make_shared<Topics>(&source, MakeSetting()));
  kept.reset();
  CHECK(absl::IsCancelled(resolver->Fetch(milliseconds(0)).status()));
  resolver.reset();
}

TEST_CASE_METHOD(TopicsFixture,
                 "Follow and Unfollow take turns, however Resolvers race",
                 "[topics]") {
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 200; ++j) topics->Resolve("a");
    });
  }
  for (std::thread& thread : threads) thread.join();
  const Calls calls = source.calls();
  REQUIRE(calls.size() % 2 == 0);
  bool take_turns = true;
  for (std::size_t i = 0; i < calls.size(); ++i) {
    take_turns &= calls[i] == (i % 2 == 0 ? "follow a" : "unfollow a");
  }
  CHECK(take_turns);
  CHECK_FALSE(source.is_mismatched());
}

}  // namespace
}  // namespace naming::core

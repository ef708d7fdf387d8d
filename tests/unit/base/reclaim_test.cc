// SPDX-License-Identifier: Apache-2.0

#include "base/reclaim.h"

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>
#include <vector>

#include "base/thread_record.h"
#include "tests/support/catch.h"
#include "tests/support/eventually.h"

namespace naming::base {
namespace {

class Held final : public Holdable {
 public:
  explicit Held(std::shared_ptr<int> token) : token_(std::move(token)) {}

 private:
  std::shared_ptr<int> token_;
};

// A thread in a read section, until Leave().
class Reader final {
 public:
  Reader()
      : thread_([this] {
          const ReadSection section;
          is_in_ = true;
          while (!may_leave_) std::this_thread::yield();
        }) {
    while (!is_in_) std::this_thread::yield();
  }
  ~Reader() { Leave(); }

  void Leave() {
    may_leave_ = true;
    if (thread_.joinable()) thread_.join();
  }

 private:
  std::atomic<bool> is_in_{false};
  std::atomic<bool> may_leave_{false};
  std::thread thread_;
};

std::size_t CountRecords() {
  std::size_t count = 0;
  for (const ThreadRecord* record = AllRecords(); record != nullptr;
       record = record->next) {
    ++count;
  }
  return count;
}

TEST_CASE("What is retired is let go of at once when nobody reads",
          "[reclaim]") {
  { const ReadSection section; }
  auto object = std::make_shared<int>(1);
  const std::weak_ptr<int> watched = object;
  Retire(std::move(object));
  CHECK(watched.expired());
}

TEST_CASE("What is retired is kept while a section of before is open",
          "[reclaim]") {
  auto object = std::make_shared<int>(1);
  const std::weak_ptr<int> watched = object;
  Reader reader;
  Retire(std::move(object));
  Reclaim();
  CHECK_FALSE(watched.expired());
  reader.Leave();
  Reclaim();
  CHECK(watched.expired());
}

TEST_CASE("A section that is entered afterwards keeps nothing", "[reclaim]") {
  auto object = std::make_shared<int>(1);
  const std::weak_ptr<int> watched = object;
  Reader before;
  Retire(std::move(object));
  const Reader after;
  before.Leave();
  Reclaim();
  CHECK(watched.expired());
}

TEST_CASE("The thread's own section keeps, to the end of the outermost one",
          "[reclaim]") {
  auto object = std::make_shared<int>(1);
  const std::weak_ptr<int> watched = object;
  {
    const ReadSection outer;
    { const ReadSection inner; }
    Retire(std::move(object));
    CHECK_FALSE(watched.expired());
    { const ReadSection inner; }
    Reclaim();
    CHECK_FALSE(watched.expired());
  }
  Reclaim();
  CHECK(watched.expired());
}

TEST_CASE("What is held outlives its owner, on whatever thread it is let go",
          "[reclaim]") {
  // More than a thread's record has places for.
  const int holds = GENERATE(1, 20);
  auto token = std::make_shared<int>(1);
  const std::weak_ptr<int> watched = token;
  auto* const held = new Held(std::move(token));
  std::vector<std::uintptr_t> held_by;
  {
    const ReadSection section;
    for (int i = 0; i < holds; ++i) {
      held_by.push_back(held->Hold(section.record()));
    }
  }
  held->Drop();
  std::thread([&] {
    for (int i = 1; i < holds; ++i) held->LetGo(held_by[i]);
  }).join();
  CHECK_FALSE(watched.expired());
  held->LetGo(held_by[0]);
  CHECK(watched.expired());
}

TEST_CASE("Who lets go last and who drops it agree on who deletes",
          "[reclaim]") {
  for (int round = 0; round < 2000; ++round) {
    auto token = std::make_shared<int>(1);
    const std::weak_ptr<int> watched = token;
    auto* const held = new Held(std::move(token));
    std::uintptr_t hold = 0;
    {
      const ReadSection section;
      hold = held->Hold(section.record());
    }
    std::thread other([held] { held->Drop(); });
    held->LetGo(hold);
    other.join();
    REQUIRE(watched.expired());
  }
}

TEST_CASE("Threads that come and go share the records", "[reclaim]") {
  std::thread([] { const ReadSection section; }).join();
  const std::size_t before = CountRecords();
  for (int i = 0; i < 50; ++i) {
    std::thread([] { const ReadSection section; }).join();
  }
  CHECK(CountRecords() == before);
}

struct ReadsWhenDestroyed {
  ~ReadsWhenDestroyed() {
    if (!is_used) return;
    const ReadSection outer;
    const ReadSection inner;
  }
  bool is_used = false;
};

TEST_CASE("A thread that is ending may still read", "[reclaim]") {
  const auto read_at_the_end = [] {
    // Made before the thread's record is, and so destroyed after it is given
    // back.
    static thread_local ReadsWhenDestroyed reads;
    reads.is_used = true;
    const ReadSection section;
  };
  std::thread(read_at_the_end).join();
  std::thread(read_at_the_end).join();
  const std::size_t before = CountRecords();
  for (int i = 0; i < 20; ++i) std::thread(read_at_the_end).join();
  CHECK(CountRecords() == before);
  auto object = std::make_shared<int>(1);
  const std::weak_ptr<int> watched = object;
  Retire(std::move(object));
  CHECK(watched.expired());
}

// Enters sections while its thread ends, as long as `ends_at` isn't over.
struct EntersWhenDestroyed {
  ~EntersWhenDestroyed() {
    if (shared == nullptr) return;
    while (std::chrono::steady_clock::now() < ends_at) {
      for (int i = 0; i < 100; ++i) {
        const Section section = Enter();
        if (section.after != 0) shared->fetch_add(1);
        Leave(section);
      }
    }
  }
  std::atomic<int>* shared = nullptr;
  std::chrono::steady_clock::time_point ends_at;
};

TEST_CASE("Threads that are ending never share a record", "[reclaim]") {
  const auto ends_at =
      std::chrono::steady_clock::now() + std::chrono::milliseconds(800);
  std::atomic<int> shared{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      static thread_local EntersWhenDestroyed enters;
      enters.shared = &shared;
      enters.ends_at = ends_at;
      const ReadSection section;
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(shared == 0);
}

TEST_CASE("A child process forgets the sections of other threads",
          "[reclaim]") {
  auto object = std::make_shared<int>(1);
  const std::weak_ptr<int> watched = object;
  const Reader reader;
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    { const ReadSection section; }
    Retire(std::move(object));
    _exit(watched.expired() ? 0 : 1);
  }
  int status = -1;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(status == 0);
}

TEST_CASE("Readers never see what has been let go of", "[reclaim]") {
  struct Canary {
    explicit Canary(int number) : a(number), b(-number) {}
    ~Canary() { a = b = 1; }
    int a;
    int b;
  };
  Guarded<Canary> guarded;
  guarded.Replace(std::make_unique<const Canary>(1));
  std::atomic<bool> is_over{false};
  std::atomic<int> torn{0};
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      while (!is_over) {
        const ReadSection section;
        const Canary* const canary = guarded.Get();
        if (canary->a + canary->b != 0) ++torn;
      }
    });
  }
  for (int i = 2; i < 1000; ++i) {
    guarded.Replace(std::make_unique<const Canary>(i));
  }
  is_over = true;
  for (std::thread& reader : readers) reader.join();
  CHECK(torn == 0);
}

}  // namespace
}  // namespace naming::base

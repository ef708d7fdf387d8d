// SPDX-License-Identifier: Apache-2.0

#include "core/current.h"

#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "tests/support/catch.h"

namespace naming::core {
namespace {

std::shared_ptr<const Snapshot> MakeSnapshot(std::int64_t revision) {
  auto snapshot = std::make_shared<Snapshot>();
  snapshot->revision = revision;
  return snapshot;
}

void Set(Current& current, const std::shared_ptr<const Snapshot>& snapshot) {
  auto old = current.Set(snapshot);
  if (old != nullptr) base::Retire(std::move(old));
}

TEST_CASE("The current Snapshot is the one set last", "[current]") {
  Current current;
  CHECK(current.Get() == nullptr);
  const auto first = MakeSnapshot(1);
  Set(current, first);
  CHECK(current.Get() == first);
  Set(current, MakeSnapshot(2));
  CHECK(current.Get()->revision == 2);
}

TEST_CASE("A thread that has got a Snapshot and let go keeps none alive",
          "[current]") {
  Current current;
  auto snapshot = MakeSnapshot(1);
  const std::weak_ptr<const Snapshot> watched = snapshot;
  Set(current, snapshot);
  snapshot = nullptr;
  std::atomic<bool> has_got{false};
  std::atomic<bool> is_over{false};
  std::thread idle([&] {
    current.Get();
    has_got = true;
    while (!is_over) std::this_thread::yield();
  });
  while (!has_got) std::this_thread::yield();
  Set(current, MakeSnapshot(2));
  const bool is_freed = watched.expired();
  is_over = true;
  idle.join();
  CHECK(is_freed);
}

TEST_CASE("Readers see whole Snapshots, and never an older one than before",
          "[current]") {
  Current current;
  Set(current, MakeSnapshot(1));
  std::atomic<bool> is_over{false};
  std::atomic<int> mistakes{0};
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      std::int64_t last = 1;
      while (!is_over) {
        const auto snapshot = current.Get();
        if (snapshot->revision < last) ++mistakes;
        last = snapshot->revision;
      }
    });
  }
  for (int i = 2; i < 500; ++i) Set(current, MakeSnapshot(i));
  is_over = true;
  for (std::thread& reader : readers) reader.join();
  CHECK(mistakes == 0);
}

}  // namespace
}  // namespace naming::core

// SPDX-License-Identifier: Apache-2.0

#include "node/event_loop.h"

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/catch.h"
#include "tests/support/eventually.h"

namespace naming::node {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::Eventually;

TEST_CASE("Posted tasks run in order, on the loop's thread", "[event_loop]") {
  auto loop = EventLoop::Create();
  REQUIRE(loop != nullptr);
  std::string order;
  std::thread::id thread;
  std::atomic<bool> is_done = false;
  loop->Post([&] { order += 'a'; });  // Before it runs.
  loop->Start("test");
  loop->Post([&] {
    order += 'b';
    thread = std::this_thread::get_id();
    loop->Post([&] {
      order += 'd';
      is_done = true;
    });
    order += 'c';
  });
  CHECK(Eventually([&] { return is_done.load(); }));
  loop->Stop();
  CHECK(order == "abcd");
  CHECK(thread != std::this_thread::get_id());
}

TEST_CASE("A timer runs by itself, not early", "[event_loop]") {
  auto loop = EventLoop::Create();
  const auto begin = std::chrono::steady_clock::now();
  std::atomic<base::Clock::Duration::rep> waited = 0;
  loop->RunAfter(milliseconds(20), [&] {
    waited = (std::chrono::steady_clock::now() - begin).count();
  });
  loop->Start("test");
  CHECK(Eventually([&] { return waited != 0; }));
  CHECK(waited >= base::Clock::Duration(milliseconds(20)).count());
}

TEST_CASE("Timers that are due together run in the order they were set",
          "[event_loop]") {
  auto loop = EventLoop::Create();
  std::string order;
  const auto when = loop->clock().Now();
  loop->RunAt(when + milliseconds(1), [&] { order += 'c'; });
  loop->RunAt(when, [&] { order += 'a'; });
  loop->RunAt(when, [&] { order += 'b'; });
  const auto cancelled = loop->RunAt(when, [&] { order += 'x'; });
  loop->CancelTimer(cancelled);
  loop->Start("test");
  loop->Advance(seconds(1));
  loop->Stop();
  CHECK(order == "abc");
}

TEST_CASE("Advance goes from timer to timer", "[event_loop]") {
  auto loop = EventLoop::Create();
  const auto begin = loop->clock().Now();
  const auto wall_begin = loop->clock().WallNow();
  std::vector<base::Clock::Duration> seen;
  std::function<void()> every_minute = [&] {
    seen.push_back(loop->clock().Now() - begin);
    loop->RunAfter(seconds(60), every_minute);
  };
  loop->RunAt(begin + seconds(60), every_minute);
  loop->Start("test");
  loop->Advance(seconds(200));
  CHECK(loop->clock().Now() - begin >= seconds(200));
  CHECK(loop->clock().WallNow() - wall_begin >= seconds(199));
  loop->Stop();
  REQUIRE(seen.size() == 3);
  for (std::size_t i = 0; i < seen.size(); ++i) {
    const auto due = seconds(60) * static_cast<int>(i + 1);
    CHECK(seen[i] >= due);
    CHECK(seen[i] < due + seconds(20));  // Real time goes on as well.
  }
}

TEST_CASE("Advance lets nothing run that is due later", "[event_loop]") {
  auto loop = EventLoop::Create();
  std::atomic<int> runs = 0;
  loop->RunAfter(hours(2), [&] { ++runs; });
  loop->Start("test");
  loop->Advance(hours(1));
  CHECK(runs == 0);
  loop->Advance(hours(1));
  CHECK(runs == 1);
}

TEST_CASE("Stop drops what is left, and further calls do nothing",
          "[event_loop]") {
  auto loop = EventLoop::Create();
  auto held = std::make_shared<int>(0);
  loop->RunAfter(hours(1), [held] {});
  loop->Start("test");
  loop->Stop();
  loop->Stop();
  loop->Post([held] {});
  loop->Advance(hours(2));
  CHECK(held.use_count() == 1);
}

TEST_CASE("Stop ends an Advance that waits", "[event_loop]") {
  auto loop = EventLoop::Create();
  std::thread advancing([&] { loop->Advance(hours(1)); });
  loop->Stop();  // The loop never ran.
  advancing.join();
  CHECK(true);
}

TEST_CASE("Writing to a closed pipe on the loop's thread kills nobody",
          "[event_loop]") {
  auto loop = EventLoop::Create();
  loop->Start("test");
  std::atomic<bool> has_failed = false;
  loop->Post([&] {
    int ends[2];
    if (pipe(ends) != 0) return;
    close(ends[0]);
    has_failed = write(ends[1], "x", 1) == -1;
    close(ends[1]);
  });
  CHECK(Eventually([&] { return has_failed.load(); }));
}

}  // namespace
}  // namespace naming::node

// SPDX-License-Identifier: Apache-2.0
// A Client that resolves and registers while its only node is starting up: it
// answers every read with code -500, and takes every write.

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "discovery/lease.h"
#include "discovery/node_finder.h"
#include "discovery/poller.h"
#include "discovery/requester.h"
#include "tests/support/catch.h"
#include "tests/unit/discovery/poller_fixture.h"

namespace naming::discovery {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

struct StartUpFixture : PollerFixture {
  StartUpFixture()
      : reader(loop.clock(), http, nodes, ReaderOptions()),
        finder(loop, reader, {"z", "dev", minutes(1), 1}),
        lease(loop, requester, MakeInstance()) {
    PollerOptions options;
    options.env = "dev";
    options.poller_prefix = "me";
    options.groups.max_apps = 1;  // So that there are many requests.
    poller = std::make_unique<Poller>(loop, reader, options);
    for (const char* const app_id : {"p", "q", "r", "s", "t"}) {
      topics.push_back(Follow(app_id));
    }
    finder.Begin();
  }

  static RequesterOptions ReaderOptions() {
    RequesterOptions options;
    options.purpose = core::Purpose::kRead;
    return options;
  }

  void Run(milliseconds time) {
    for (milliseconds passed{0}; passed < time; passed += milliseconds(10)) {
      Serve();
      loop.Advance(milliseconds(10));
      Serve();
    }
  }

  void Serve() {
    const auto pending = http.pending();
    for (const auto& request : pending) {
      const bool is_read =
          request.request.method == net::HttpRequest::Method::kGet;
      if (is_read) ++reads;
      if (!is_read) ++writes;
      http.Answer(request, CodeJson(is_read || refuses_writes ? -500 : 0));
    }
  }

  core::Lease::Done Note() {
    result.reset();
    return [this](absl::Status status) { result = std::move(status); };
  }

  Requester reader;
  NodeFinder finder;
  Lease lease;
  std::vector<std::shared_ptr<core::Topic>> topics;
  std::optional<absl::Status> result;
  int reads = 0;
  int writes = 0;
  bool refuses_writes = false;
};

TEST_CASE("A node that is starting up gets every write, whatever else waits",
          "[discovery][start_up]") {
  StartUpFixture f;
  f.Run(seconds(3));
  for (int i = 0; i < 60; ++i) {
    f.Run(milliseconds(490));
    f.lease.Put(MakeInstance(), f.Note());
    f.Run(milliseconds(10));
    REQUIRE(f.result == absl::OkStatus());
    f.lease.Refresh(f.Note());
    f.Run(milliseconds(10));
    REQUIRE(f.result == absl::OkStatus());
  }
  f.lease.Remove(f.Note());
  f.Run(milliseconds(10));
  CHECK(f.result == absl::OkStatus());
}

TEST_CASE("A node that is starting up gets at most 20 reads a minute",
          "[discovery][start_up]") {
  StartUpFixture f;
  // All are under way at once before the first is refused.
  f.Run(seconds(1));
  f.reads = 0;
  f.Run(seconds(60));
  CHECK(f.reads <= 20);
  CHECK(f.reads >= 10);
}

TEST_CASE("A node that refuses everything gets at most 20 writes a minute",
          "[discovery][start_up]") {
  StartUpFixture f;
  f.refuses_writes = true;
  f.Run(seconds(1));
  f.writes = 0;
  for (int i = 0; i < 3000; ++i) {
    f.lease.Put(MakeInstance(), f.Note());
    f.Run(milliseconds(20));
    REQUIRE(f.result);
    CHECK_FALSE(f.result->ok());
  }
  CHECK(f.writes <= 20);
  CHECK(f.writes >= 4);  // Reads have a part in the attempts.
}

}  // namespace
}  // namespace naming::discovery

// SPDX-License-Identifier: Apache-2.0

#include "naming/service_life.h"

#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "naming/testing/fake_backend.h"
#include "tests/support/catch.h"
#include "tests/support/eventually.h"

namespace naming {
namespace {

using std::chrono::milliseconds;
using testing::FakeBackend;

// A server that notes what it is told, with what the registry holds then.
class Server final {
 public:
  explicit Server(FakeBackend& backend) : backend_(backend) {
    callbacks.start = [this]() -> absl::StatusOr<std::vector<std::string>> {
      Note("start");
      return started;
    };
    callbacks.drain = [this] { Note("drain"); };
    callbacks.shut_down = [this](milliseconds grace) {
      Note("shut down " + std::to_string(grace.count()));
    };
    options.propagation = milliseconds(1);
    options.grace = milliseconds(7);
    instance.app_id = "demo";
    instance.hostname = "h";
    instance.addrs = {"grpc://127.0.0.1:1", "http://127.0.0.1:2"};
  }

  absl::StatusOr<std::unique_ptr<ServiceLife>> Start() {
    return ServiceLife::Start(backend_, instance, callbacks, options);
  }

  std::vector<std::string> notes() const {
    base::MutexLock lock(mutex_);
    return notes_;
  }

  ServiceCallbacks callbacks;
  ServiceLifeOptions options;
  Instance instance;
  absl::StatusOr<std::vector<std::string>> started =
      std::vector<std::string>{"grpc://127.0.0.1:3"};

 private:
  void Note(std::string what) {
    const auto held = backend_.instances("demo");
    what +=
        held.empty() ? ", gone" : ", " + std::string(ToString(held[0].status));
    base::MutexLock lock(mutex_);
    notes_.push_back(what);
  }

  FakeBackend& backend_;
  mutable base::Mutex mutex_;
  std::vector<std::string> notes_ ABSL_GUARDED_BY(mutex_);
};

using Notes = std::vector<std::string>;

TEST_CASE("A service registers after it serves, and leaves before it ends",
          "[service_life]") {
  const auto backend = FakeBackend::Create();
  Server server(*backend);

  SECTION("by being cancelled") {
    auto life = server.Start();
    REQUIRE(life.ok());
    CHECK(server.notes() == Notes{"start, gone"});
    CHECK((*life)->state().is_registered);
    CHECK((*life)->Stop().ok());
    CHECK(server.notes() ==
          Notes{"start, gone", "drain, gone", "shut down 7, gone"});
    CHECK((*life)->Stop().ok());
    CHECK(server.notes().size() == 3);
  }
  SECTION("by being marked first") {
    server.options.leave = ServiceLifeOptions::Leave::kMarkWaiting;
    auto life = server.Start();
    REQUIRE(life.ok());
    CHECK((*life)->Stop().ok());
    CHECK(server.notes() ==
          Notes{"start, gone", "drain, waiting", "shut down 7, gone"});
  }
  SECTION("when it is destroyed") {
    REQUIRE(server.Start().ok());
    CHECK(server.notes().size() == 3);
    CHECK(backend->instances("demo").empty());
  }
  SECTION("though the registry doesn't answer any more") {
    auto life = server.Start();
    REQUIRE(life.ok());
    backend->SetAvailable(false);
    CHECK((*life)->Stop().code() == absl::StatusCode::kUnavailable);
    CHECK(server.notes().size() == 3);
  }
  SECTION("with no callbacks at all") {
    server.callbacks = ServiceCallbacks();
    auto life = server.Start();
    REQUIRE(life.ok());
    CHECK(backend->instances("demo").size() == 1);
    CHECK((*life)->Stop().ok());
    CHECK(backend->instances("demo").empty());
  }
}

TEST_CASE("A service registers the addresses that it began to serve at",
          "[service_life]") {
  const auto backend = FakeBackend::Create();
  Server server(*backend);
  auto life = server.Start();
  REQUIRE(life.ok());
  CHECK((*life)->instance().addrs ==
        Notes{"http://127.0.0.1:2", "grpc://127.0.0.1:3"});
}

TEST_CASE("A service that can't start isn't registered", "[service_life]") {
  const auto backend = FakeBackend::Create();
  Server server(*backend);

  SECTION("because it can't serve") {
    server.started = absl::FailedPreconditionError("no port");
    CHECK(server.Start().status().message() == "no port");
    CHECK(server.notes() == Notes{"start, gone"});
  }
  SECTION("because the registry refuses it, and then it ends") {
    server.instance.app_id = "";
    CHECK(server.Start().status().code() == absl::StatusCode::kInvalidArgument);
    CHECK(server.notes() == Notes{"start, gone", "shut down 0, gone"});
  }
  SECTION("because its options make no sense") {
    server.options.grace = milliseconds(-1);
    CHECK(server.Start().status().message() ==
          "service life: options.grace: must be in [0ms, 1h]");
    server.options.grace = milliseconds(0);
    server.options.propagation = std::chrono::hours(2);
    CHECK(server.Start().status().message() ==
          "service life: options.propagation: must be in [0ms, 1h]");
    CHECK(server.notes().empty());
  }
}

TEST_CASE("A service runs until it is told to stop", "[service_life]") {
  const auto backend = FakeBackend::Create();
  Server server(*backend);
  std::unique_ptr<ServiceLife> life;
  absl::Status status = absl::UnknownError("not yet");
  // The thread blocks the signals, and is started by one that does: what comes
  // for the process is left to Run().
  sigset_t before;
  pthread_sigmask(SIG_SETMASK, nullptr, &before);
  BlockStopSignals();
  const auto run = [&] {
    life = server.Start().value();
    return std::thread([&] { status = life->Run(); });
  };

  SECTION("by a call") {
    std::thread runner = run();
    CHECK(life->Stop().ok());
    runner.join();
  }
  SECTION("by a signal to the thread") {
    std::thread runner = run();
    pthread_kill(runner.native_handle(), SIGTERM);
    runner.join();
  }
  CHECK(status.ok());
  CHECK(server.notes().size() == 3);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

}  // namespace
}  // namespace naming

// SPDX-License-Identifier: Apache-2.0

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <system_error>
#include <utility>

#include "base/file.h"
#include "base/mutex.h"
#include "core/snapshot_file.h"
#include "core/snapshot_saver.h"
#include "core/topic.h"
#include "naming/discovery/client.h"
#include "naming/node/discovery_node.h"
#include "tests/support/catch.h"
#include "tests/support/eventually.h"
#include "tests/support/fake_loop.h"
#include "tests/support/instances.h"
#include "tests/support/temporary_directory.h"

// Lists that outlive the programs and the nodes that they came from.
namespace naming::discovery {
namespace {

using node::DiscoveryNode;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::Eventually;
using testing::MakeInstance;
using testing::TemporaryDirectory;

using Kind = ClientEvent::Kind;

std::unique_ptr<DiscoveryNode> StartNode(const std::string& listen) {
  node::DiscoveryNodeOptions options;
  options.listen = listen;
  auto node = DiscoveryNode::Start(options);
  REQUIRE(node.ok());
  return *std::move(node);
}

// A program that follows "demo" and keeps its list in `directory`.
class Consumer final {
 public:
  Consumer(const std::string& node, const std::string& directory) {
    ClientOptions options;
    options.nodes = {node};
    options.snapshot_dir = directory;
    options.event_sink = [this](const ClientEvent& event) {
      base::MutexLock lock(mutex_);
      events_.insert(event.kind);
    };
    auto client = Client::Create(std::move(options));
    REQUIRE(client.ok());
    client_ = *std::move(client);
    resolver_ = client_->Build("discovery:///demo").value();
  }

  Client& client() const { return *client_; }
  Resolver& resolver() const { return *resolver_; }

  bool HasSeen(Kind kind) const {
    base::MutexLock lock(mutex_);
    return events_.count(kind) != 0;
  }

  // Returns whether it comes to see `hostnames`, stale or fresh as asked.
  bool Sees(const std::set<std::string>& hostnames, bool is_stale) const {
    return Eventually([&] {
      const auto snapshot = resolver_->Fetch(milliseconds(0));
      if (!snapshot.ok()) return false;
      std::set<std::string> seen;
      for (const auto& instance : (*snapshot)->AllInstances()) {
        seen.insert(instance->hostname);
      }
      return seen == hostnames &&
             (*snapshot)->stale_since.has_value() == is_stale;
    });
  }

 private:
  mutable base::Mutex mutex_;
  std::set<Kind> events_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<Client> client_;
  std::unique_ptr<Resolver> resolver_;
};

std::unique_ptr<Client> MakeProvider(const std::string& node) {
  ClientOptions options;
  options.nodes = {node};
  return Client::Create(std::move(options)).value();
}

TEST_CASE("A program that starts while every node is down has its last list",
          "[snapshot_dir]") {
  const TemporaryDirectory directory;
  auto node = StartNode("127.0.0.1:0");
  const std::string address = node->address();
  {
    const auto provider = MakeProvider(address);
    const auto a = provider->Register(MakeInstance("demo", "a"));
    const auto b = provider->Register(MakeInstance("demo", "b"));
    REQUIRE(a.ok());
    REQUIRE(b.ok());
    const Consumer consumer(address, directory.path());
    REQUIRE(consumer.Sees({"a", "b"}, false));
    // It ends with the list as it is: what is pending is written.
  }

  node.reset();
  const Consumer consumer(address, directory.path());
  const auto began = std::chrono::steady_clock::now();
  const auto stale = consumer.resolver().Fetch(seconds(20));
  const auto took = std::chrono::steady_clock::now() - began;
  REQUIRE(stale.ok());
  CHECK((*stale)->size() == 2);
  REQUIRE((*stale)->stale_since.has_value());
  CHECK(*(*stale)->stale_since <= std::chrono::system_clock::now());
  // Milliseconds where nothing else runs.
  CHECK(took < seconds(5));
  CHECK_FALSE(consumer.client().state().is_connected);
  CHECK(absl::IsUnavailable(consumer.client().state().last_error));
  CHECK(consumer.client().stats().snapshot_files_loaded == 1);
  CHECK(Eventually([&] {
    return consumer.HasSeen(Kind::kBackendLost) &&
           consumer.HasSeen(Kind::kSnapshotFileUsed);
  }));

  // The node comes back empty, and then one of the two providers.
  node = StartNode(address);
  CHECK(Eventually([&] { return consumer.client().state().is_connected; }));
  CHECK(consumer.Sees({"a", "b"}, true));
  const auto provider = MakeProvider(address);
  const auto a = provider->Register(MakeInstance("demo", "a"));
  REQUIRE(a.ok());
  CHECK(consumer.Sees({"a"}, false));
  CHECK(consumer.client().state().node == "http://" + address);
  CHECK(Eventually([&] { return consumer.HasSeen(Kind::kBackendFound); }));
}

TEST_CASE("A damaged file is an event, and the registry's list comes",
          "[snapshot_dir]") {
  const TemporaryDirectory directory;
  const auto node = StartNode("127.0.0.1:0");
  const auto provider = MakeProvider(node->address());
  const auto a = provider->Register(MakeInstance("demo", "a"));
  REQUIRE(a.ok());
  const std::string file =
      directory.File(core::SnapshotFileName("discovery dev", "demo"));
  REQUIRE(base::ReplaceFile(file, "naming-snapshot 1 ", base::Sync::kNo).ok());
  const Consumer consumer(node->address(), directory.path());
  CHECK(consumer.Sees({"a"}, false));
  CHECK(
      Eventually([&] { return consumer.HasSeen(Kind::kSnapshotFileIgnored); }));
}

// Writes lists of "demo" as fast as it can, until it is killed: at the latest
// after a minute, by itself.
[[noreturn]] void WriteForEver(const std::string& directory) {
  alarm(60);
  testing::FakeLoop loop;
  const auto monitor = std::make_shared<core::Monitor>();
  core::SnapshotSaverOptions options;
  options.directory = directory;
  options.backend = "fake";
  options.scope = "fake dev";
  core::SnapshotSaver saver(&loop, monitor,
                            std::make_shared<core::Logger>(nullptr), options);
  for (int i = 0;; ++i) {
    auto snapshot = std::make_shared<Snapshot>();
    snapshot->app_id = "demo";
    // Of any length, so that no file is as long as the one before.
    for (int hostname = 0; hostname < 1 + i % 97; ++hostname) {
      snapshot->zones["zone01"].push_back(std::make_shared<const Instance>(
          MakeInstance("demo", std::to_string(100 + hostname))));
    }
    saver.Save(std::move(snapshot));
    loop.Advance(seconds(1));
  }
}

// A process that writes until this object is destroyed, which kills it.
class Writer final {
 public:
  explicit Writer(const std::string& directory) : pid_(fork()) {
    if (pid_ == 0) WriteForEver(directory);
  }
  ~Writer() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

 private:
  const pid_t pid_;
};

TEST_CASE("A process that is killed while it writes leaves a whole file",
          "[snapshot_dir]") {
  const TemporaryDirectory directory;
  const std::string file =
      directory.File(core::SnapshotFileName("fake dev", "demo"));
  const auto is_whole = [&file] {
    const auto text = base::ReadFile(file, 1'000'000);
    return text.ok() && core::DecodeSnapshot(*text).ok();
  };
  const auto last_written = [&file] {
    std::error_code ignored;  // At first there is none.
    return std::filesystem::last_write_time(file, ignored);
  };
  for (int round = 0; round < 20; ++round) {
    const auto before = last_written();
    {
      // Two, which share the directory.
      const Writer one(directory.path());
      const Writer other(directory.path());
      REQUIRE(Eventually([&] { return last_written() != before; }));
      for (int reads = 0; reads < 50; ++reads) CHECK(is_whole());
    }
    CHECK(is_whole());
  }
}

}  // namespace
}  // namespace naming::discovery

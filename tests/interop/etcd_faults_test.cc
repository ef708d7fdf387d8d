// SPDX-License-Identifier: Apache-2.0
// What goes wrong with a real etcd, and that it is right again afterwards:
// registered exactly once, watchers equal to what etcd holds, no list emptied.

#include <signal.h>

#include <chrono>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "tests/interop/etcd_fixture.h"
#include "tests/support/temporary_directory.h"

namespace naming::testing {
namespace {

using std::chrono::seconds;
using Clock = std::chrono::steady_clock;

// What is promised of the time after a fault; generous on a loaded machine.
constexpr seconds kPromised{10};

// Notes when a fault ended, and how long it took to be right again.
class Recovery final {
 public:
  bool is_in_time() const { return Clock::now() - began_ < 2 * kPromised; }

 private:
  const Clock::time_point began_ = Clock::now();
};

// Waits until `condition` has held for as long as a lease lives.
bool Outlasts(seconds lease) {
  const auto end = Clock::now() + lease + seconds(1);
  return Eventually([&] { return Clock::now() > end; });
}

TEST_CASE("etcd killed for longer than the leases, and back with its data",
          "[etcd][fault]") {
  EtcdFixture f;
  const auto client = f.Connect(f.Options());
  const Registration a = f.Register(*client, "a");
  const Registration b = f.Register(*client, "b");
  const Follow follow(*client);
  REQUIRE(follow.Sees({"a", "b"}));
  f.server.Kill();
  CHECK(Outlasts(seconds(3)));
  CHECK(Eventually([&] { return !a.state().is_registered; }));
  CHECK(follow.names() == Names{"a", "b"});
  f.server.Start();
  const Recovery recovery;
  CHECK(Eventually(
      [&] { return a.state().is_registered && b.state().is_registered; }));
  CHECK(f.Holds({"a", "b"}));
  CHECK(recovery.is_in_time());
  CHECK_FALSE(follow.was_emptied());
  // The watch is alive.
  const Registration c = f.Register(*client, "c");
  CHECK(follow.Sees({"a", "b", "c"}));
}

TEST_CASE("etcd wiped and started again", "[etcd][fault]") {
  EtcdFixture f;
  const auto client = f.Connect(f.Options());
  const auto watching = f.Connect(f.Options());
  std::vector<Registration> registrations;
  for (const char* name : {"a", "b", "c"}) {
    registrations.push_back(f.Register(*client, name));
  }
  const Follow follow(*watching);
  REQUIRE(follow.Sees({"a", "b", "c"}));
  // So that the new store is younger than what was seen.
  for (int i = 0; i < 50; ++i) f.server.Put("elsewhere", "x");
  f.server.Kill();
  f.server.Wipe();
  f.server.Start();
  const Recovery recovery;
  CHECK(f.Holds({"a", "b", "c"}));
  CHECK(recovery.is_in_time());
  CHECK(follow.Sees({"a", "b", "c"}));
  CHECK_FALSE(follow.was_emptied());
  const Registration d = f.Register(*client, "d");
  CHECK(follow.Sees({"a", "b", "c", "d"}));
}

TEST_CASE("The store restored from before, under an open watch",
          "[etcd][fault]") {
  // A member with an older store takes the place of the one that is killed, as
  // after a restored backup: revisions go backwards.
  EtcdFixture f;
  auto options = f.Options();
  options.resync_interval = seconds(1);
  const auto client = f.Connect(options);
  const Follow follow(*client);
  for (int i = 0; i < 50; ++i) f.server.Put("elsewhere", "x");
  const Registration a = f.Register(*client, "a");
  REQUIRE(follow.Sees({"a"}));
  f.server.Kill();
  f.server.Wipe();
  f.server.Start();
  CHECK(f.Holds({"a"}));
  const auto other = f.Connect(f.Options());
  const Registration b = f.Register(*other, "b");
  CHECK(follow.Sees({"a", "b"}));
  CHECK_FALSE(follow.was_emptied());
}

TEST_CASE("etcd frozen, and thawed after the leases' time", "[etcd][fault]") {
  EtcdFixture f;
  const auto client = f.Connect(f.Options());
  const Registration a = f.Register(*client, "a");
  const Follow follow(*client);
  REQUIRE(follow.Sees({"a"}));
  f.server.Signal(SIGSTOP);
  CHECK(Outlasts(seconds(3)));
  CHECK(follow.names() == Names{"a"});
  f.server.Signal(SIGCONT);
  const Recovery recovery;
  CHECK(Eventually([&] { return a.state().is_registered; }));
  const Registration b = f.Register(*client, "b");
  CHECK(f.Holds({"a", "b"}));
  CHECK(recovery.is_in_time());
  CHECK(follow.Sees({"a", "b"}));
}

TEST_CASE("A program stopped for longer than its lease is there again",
          "[etcd][fault]") {
  EtcdFixture f;
  const auto watching = f.Connect(f.Options());
  const Follow follow(*watching);
  const Registration staying = f.Register(*watching, "staying");
  // A program of its own, so that stopping it stops nothing else.
  Process program({NAMINGCTL_PROGRAM, "--registry",
                   "etcd+kratos://" + f.server.address(), "--output", "json",
                   "register", "demo", "--addr", "grpc://127.0.0.1:9000",
                   "--hostname", "p"});
  REQUIRE(program.ReadLine());
  REQUIRE(follow.Sees({"p", "staying"}));
  program.Signal(SIGSTOP);
  // Its lease of 15 s needn't be waited for: an operator ends it.
  for (const auto& kv : f.server.Range("/microservices/demo/p")) {
    f.server.Post("/lease/revoke", etcd::LeaseBody(kv.lease));
  }
  REQUIRE(follow.Sees({"staying"}));
  program.Signal(SIGCONT);
  const Recovery recovery;
  CHECK(follow.Sees({"p", "staying"}));
  CHECK(f.Holds({"p", "staying"}));
  CHECK(recovery.is_in_time());
  program.Signal(SIGTERM);
  CHECK(program.Wait() == 0);
  CHECK(follow.Sees({"staying"}));
}

TEST_CASE("A key deleted by hand comes back", "[etcd][fault]") {
  EtcdFixture f;
  const auto client = f.Connect(f.Options());
  const Registration a = f.Register(*client, "a");
  const Registration b = f.Register(*client, "b");
  const Follow follow(*client);
  REQUIRE(follow.Sees({"a", "b"}));
  f.server.Delete("/microservices/demo/a");
  const Recovery recovery;
  CHECK(follow.Sees({"b"}));
  CHECK(follow.Sees({"a", "b"}));
  CHECK(recovery.is_in_time());
  CHECK(f.Holds({"a", "b"}));
  // Under a lease: a key without one would never go.
  for (const auto& kv : f.server.Range("/microservices/demo/")) {
    CHECK(kv.lease != 0);
  }
}

TEST_CASE("A value that was broken under our own lease is put again",
          "[etcd][fault]") {
  EtcdFixture f;
  const auto client = f.Connect(f.Options());
  const Registration a = f.Register(*client, "a");
  const Follow follow(*client);
  REQUIRE(follow.Sees({"a"}));
  const std::string key = "/microservices/demo/a";
  const auto ours = f.server.Range(key);
  REQUIRE(ours.size() == 1);
  f.server.Put(key, "broken", ours[0].lease);
  const Recovery recovery;
  CHECK(Eventually([&] {
    const auto now = f.server.Range(key);
    return now.size() == 1 && now[0].value == ours[0].value;
  }));
  CHECK(recovery.is_in_time());
  CHECK(follow.Sees({"a"}));
  CHECK_FALSE(follow.was_emptied());
}

TEST_CASE("A neighbour's broken value is left out, counted and logged",
          "[etcd][fault]") {
  EtcdFixture f;
  base::Mutex mutex;
  std::string log;
  auto options = f.Options();
  options.log_sink = [&](const LogRecord& record) {
    base::MutexLock lock(mutex);
    log += record.message + "\n";
  };
  const auto client = f.Connect(options);
  const Registration a = f.Register(*client, "a");
  const Follow follow(*client);
  REQUIRE(follow.Sees({"a"}));
  f.server.Put("/microservices/demo/bad", "not json");
  CHECK(Eventually([&] { return client->bad_values() == 1; }));
  const Registration b = f.Register(*client, "b");
  CHECK(follow.Sees({"a", "b"}));
  {
    base::MutexLock lock(mutex);
    CHECK_THAT(log, Catch::Matchers::Contains("/microservices/demo/bad"));
  }
  f.server.Delete("/microservices/demo/bad");
  CHECK(Eventually([&] { return client->bad_values() == 0; }));
  CHECK_FALSE(follow.was_emptied());
}

TEST_CASE("Of two programs with one id the later has the key, then the other",
          "[etcd][fault]") {
  EtcdFixture f;
  const auto first = f.Connect(f.Options());
  const auto second = f.Connect(f.Options());
  const auto version = [&f] {
    const auto kvs = f.server.Range("/microservices/demo/");
    return kvs.size() == 1 ? kvs[0].value : std::string();
  };
  const Registration one = f.Register(*first, "same", "1");
  const Follow follow(*first);
  Registration two = f.Register(*second, "same", "2");
  CHECK(Eventually([&] { return !one.state().is_registered; }));
  CHECK_THAT(std::string(one.state().last_error.message()),
             Catch::Matchers::Contains("somebody else"));
  // They don't take it from each other.
  CHECK(Outlasts(seconds(2)));
  CHECK_THAT(version(), Catch::Matchers::Contains(R"("version":"2")"));
  CHECK(two.state().is_registered);
  CHECK(two.Cancel().ok());
  const Recovery recovery;
  CHECK(Eventually([&] { return one.state().is_registered; }));
  CHECK_THAT(version(), Catch::Matchers::Contains(R"("version":"1")"));
  CHECK(recovery.is_in_time());
  CHECK(follow.Sees({"same"}));
}

TEST_CASE("A successor keeps the key when we cancel", "[etcd][fault]") {
  EtcdFixture f;
  const auto old_client = f.Connect(f.Options());
  const auto new_client = f.Connect(f.Options());
  Registration old_registration = f.Register(*old_client, "same", "1");
  const Registration successor = f.Register(*new_client, "same", "2");
  const Follow follow(*new_client);
  REQUIRE(follow.Sees({"same"}));
  CHECK(old_registration.Cancel().ok());
  const auto kvs = f.server.Range("/microservices/demo/");
  REQUIRE(kvs.size() == 1);
  CHECK_THAT(kvs[0].value, Catch::Matchers::Contains(R"("version":"2")"));
  CHECK(successor.state().is_registered);
  CHECK_FALSE(follow.was_emptied());
}

TEST_CASE("Forty Instances at once are all seen, and their end as well",
          "[etcd][fault]") {
  EtcdFixture f;
  const auto client = f.Connect(f.Options());
  const auto watching = f.Connect(f.Options());
  const Follow follow(*watching);
  Names names;
  std::vector<Registration> registrations;
  RegisterOptions options;
  options.mode = RegisterMode::kKeepTrying;
  for (int i = 0; i < 40; ++i) {
    const std::string name = absl::StrFormat("i%02d", i);
    names.insert(name);
    registrations.push_back(
        *client->Register(MakeInstance("demo", name), options));
  }
  CHECK(follow.Sees(names));
  CHECK(f.Held().size() == 40);
  registrations.clear();
  CHECK(follow.Sees({}));
}

TEST_CASE("What was compacted between a read and its watch is read again",
          "[etcd][fault]") {
  EtcdFixture f;
  const auto client = f.Connect(f.Options());
  const Follow follow(*client);
  const Registration a = f.Register(*client, "a");
  REQUIRE(follow.Sees({"a"}));
  // While the client can't listen, the store moves on and forgets.
  f.server.Kill();
  f.server.Start();
  f.server.Put("/microservices/demo/b",
               R"({"id":"b","name":"demo","endpoints":["grpc://h:1"]})",
               f.server.Grant(60));
  for (int i = 0; i < 20; ++i) f.server.Put("elsewhere", "x");
  f.server.Compact(f.server.Revision());
  CHECK(follow.Sees({"a", "b"}));
  CHECK_FALSE(follow.was_emptied());
}

TEST_CASE("A program that starts while etcd is down has its last list",
          "[etcd][fault]") {
  EtcdFixture f;
  const TemporaryDirectory directory;
  etcd::ClientOptions options = f.Options();
  options.snapshot_dir = directory.path();
  {
    const auto client = f.Connect(options);
    const Registration a = f.Register(*client, "a");
    const Follow follow(*client);
    REQUIRE(follow.Sees({"a"}));
    f.server.Kill();
  }
  const auto client = f.Connect(options);
  const auto resolver = *client->Build("etcd+kratos:///demo");
  const auto stale = resolver->Fetch(std::chrono::seconds(20));
  REQUIRE(stale.ok());
  CHECK((*stale)->stale_since.has_value());
  CHECK((*stale)->size() == 1);
  f.server.Start();
  CHECK(Eventually([&] {
    const auto fresh = resolver->Fetch(std::chrono::milliseconds(0));
    return fresh.ok() && !(*fresh)->stale_since.has_value();
  }));
}

TEST_CASE("A token that has expired is renewed", "[etcd][fault]") {
  EtcdFixture f(1, {"--auth-token-ttl", "2"});
  for (const auto& [path, body] :
       std::vector<std::pair<const char*, const char*>>{
           {"/auth/user/add", R"({"name":"root","password":"rootpw"})"},
           {"/auth/role/add", R"({"name":"root"})"},
           {"/auth/user/grant", R"({"user":"root","role":"root"})"},
           {"/auth/enable", "{}"}}) {
    f.server.Post(path, body);
  }
  auto options = f.Options();
  RegisterOptions patience;
  patience.timeout = seconds(1);
  CHECK(absl::IsUnauthenticated(
      f.Connect(options)
          ->Register(MakeInstance("demo", "a"), patience)
          .status()));
  options.user = "root";
  options.password = "wrong";
  CHECK(absl::IsUnauthenticated(
      f.Connect(options)
          ->Register(MakeInstance("demo", "a"), patience)
          .status()));
  options.password = "rootpw";
  // So rarely that the token dies between two requests.
  options.ttl = seconds(30);
  const auto client = f.Connect(options);
  const Registration a = f.Register(*client, "a");
  const auto resolver = *client->Build("etcd+kratos:///demo");
  CHECK((*resolver->Fetch(seconds(20)))->size() == 1);
  CHECK(Outlasts(seconds(3)));
  const Registration b = f.Register(*client, "b");
  CHECK(
      Eventually([&] { return (*resolver->Fetch(seconds(0)))->size() == 2; }));
  CHECK(a.state().is_registered);
}

}  // namespace
}  // namespace naming::testing

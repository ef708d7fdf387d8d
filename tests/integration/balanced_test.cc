// SPDX-License-Identifier: Apache-2.0

#include "naming/balanced.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "base/url.h"
#include "naming/discovery/client.h"
#include "naming/node/discovery_node.h"
#include "tests/support/catch.h"
#include "tests/support/eventually.h"
#include "tests/support/raw_provider.h"

// Calls through a Balanced, over real sockets: the registry is a discovery
// node, the providers listen, and a call is a connection.
namespace naming {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::Eventually;

sockaddr_in Loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

// Returns a socket bound to `port`; a second one may be bound to it, too.
int Bind(std::uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
  const sockaddr_in address = Loopback(port);
  REQUIRE(bind(fd, reinterpret_cast<const sockaddr*>(&address),
               sizeof(address)) == 0);
  return fd;
}

// A program that takes connections, until it is killed. The port stays its own:
// another socket holds it.
class Provider final {
 public:
  Provider() : held_(Bind(0)) {
    sockaddr_in address{};
    socklen_t size = sizeof(address);
    getsockname(held_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    Start();
  }
  ~Provider() {
    Kill();
    close(held_);
  }
  Provider(const Provider&) = delete;
  Provider& operator=(const Provider&) = delete;

  void Start() {
    listener_ = Bind(port_);
    REQUIRE(listen(listener_, 512) == 0);
    accepting_ = std::thread([listener = listener_] {
      for (int fd = 0; (fd = accept(listener, nullptr, nullptr)) >= 0;) {
        close(fd);
      }
    });
  }
  void Kill() {
    if (!accepting_.joinable()) return;
    shutdown(listener_, SHUT_RDWR);
    accepting_.join();
    close(listener_);
  }

  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

 private:
  const int held_;
  std::thread accepting_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
};

bool Connects(const std::string& address) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  // Leaves no port in TIME_WAIT behind, of which there are only so many.
  const linger reset{1, 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
  const sockaddr_in to = Loopback(base::ParseHostPort(address)->port);
  const bool connects =
      connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof(to)) == 0;
  close(fd);
  return connects;
}

// A node, and three providers that it lists whatever they do.
class Fleet {
 public:
  Fleet() {
    node::DiscoveryNodeOptions options;
    options.listen = "127.0.0.1:0";
    node_ = node::DiscoveryNode::Start(options).value();
    const testing::RawProvider registrar(node_->address());
    for (int i = 0; i < 3; ++i) {
      providers.push_back(std::make_unique<Provider>());
      Instance instance;
      instance.app_id = "demo.app";
      instance.hostname = "h" + std::to_string(i);
      instance.zone = "zone01";
      instance.env = "dev";
      instance.addrs = {"grpc://" + providers.back()->address()};
      registrar.Register(instance);
    }
    discovery::ClientOptions client_options;
    client_options.nodes = {node_->address()};
    client = discovery::Client::Create(client_options).value();
  }

  std::unique_ptr<Balanced> Create() {
    BalancedOptions options;
    options.ejection.base_time = milliseconds(100);
    options.on_event = [this](const EjectionEvent& event) {
      base::MutexLock lock(mutex_);
      events_.push_back(std::string(ToString(event.kind)) + " " +
                        event.address);
    };
    auto balanced = Balanced::Create(
        *client, "discovery://default/demo.app?scheme=grpc", options);
    REQUIRE(balanced.ok());
    REQUIRE((*balanced)->WaitReady(seconds(30)).ok());
    return *std::move(balanced);
  }

  std::vector<std::string> events() const {
    base::MutexLock lock(mutex_);
    return events_;
  }

  std::vector<std::unique_ptr<Provider>> providers;
  std::unique_ptr<discovery::Client> client;

 private:
  std::unique_ptr<node::DiscoveryNode> node_;
  mutable base::Mutex mutex_;
  std::vector<std::string> events_ ABSL_GUARDED_BY(mutex_);
};

// Calls once; returns whether that went well.
bool Call(Balanced& balanced, std::map<std::string, int>* calls = nullptr) {
  auto pick = balanced.Pick();
  if (!pick.ok()) return false;
  const std::string address = pick->endpoint().address;
  if (calls != nullptr) ++(*calls)[address];
  Outcome outcome;
  const bool is_well = Connects(address);
  if (!is_well) outcome.result = Outcome::Result::kFailure;
  pick->Done(outcome);
  return is_well;
}

TEST_CASE("A provider that is dead and listed gets no calls until it is back",
          "[balanced]") {
  Fleet fleet;
  const auto balanced = fleet.Create();
  const std::string dead = fleet.providers[1]->address();
  REQUIRE(Eventually([&] {
    std::map<std::string, int> calls;
    for (int i = 0; i < 30; ++i) Call(*balanced, &calls);
    return calls.size() == 3;
  }));

  fleet.providers[1]->Kill();
  REQUIRE(Eventually([&] {
    Call(*balanced);
    return balanced->stats().ejected == 1;
  }));
  REQUIRE(Eventually([&] { return !fleet.events().empty(); }));
  CHECK(fleet.events().front() == "ejected " + dead);
  CHECK(balanced->stats().instances == 3);  // It is still listed.
  int failures = 0;
  for (int i = 0; i < 200; ++i) failures += Call(*balanced) ? 0 : 1;
  // Probes apart, each of which doubles the time to the next.
  CHECK(failures <= static_cast<int>(balanced->stats().probes));
  CHECK(failures < 20);

  fleet.providers[1]->Start();
  REQUIRE(Eventually([&] {
    Call(*balanced);
    return balanced->stats().ejected == 0;
  }));
  CHECK(
      Eventually([&] { return fleet.events().back() == "returned " + dead; }));
  CHECK(Eventually([&] {
    std::map<std::string, int> calls;
    Call(*balanced, &calls);
    return calls.count(dead) > 0;
  }));
}

TEST_CASE("When every provider is dead, calls fail, and come back with them",
          "[balanced]") {
  Fleet fleet;
  const auto balanced = fleet.Create();
  for (const auto& provider : fleet.providers) provider->Kill();
  REQUIRE(Eventually([&] {
    Call(*balanced);
    return balanced->stats().is_panicking;
  }));
  CHECK(balanced->Pick().ok());  // Never empty for it.
  CHECK(balanced->stats().ejected == 0);
  for (const auto& provider : fleet.providers) provider->Start();
  CHECK(Eventually([&] {
    Call(*balanced);
    return !balanced->stats().is_panicking && balanced->stats().ejected == 0;
  }));
}

// Threads call while providers die, come back and leave the list, and while the
// client is destroyed.
TEST_CASE("Many threads share a Balanced through all of it", "[balanced]") {
  Fleet fleet;
  auto balanced = fleet.Create();
  std::atomic<bool> stops{false};
  std::atomic<int> failed_picks{0};
  std::atomic<int> calls{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      while (!stops) {
        if (!balanced->Pick().ok()) ++failed_picks;
        Call(*balanced);
        balanced->stats();
        ++calls;
      }
    });
  }
  const auto go_on = [&calls] {
    const int before = calls;
    return Eventually([&] { return calls > before + 200; });
  };
  for (int round = 0; round < 3; ++round) {
    fleet.providers[0]->Kill();
    CHECK(go_on());
    fleet.providers[0]->Start();
    CHECK(go_on());
  }
  fleet.client.reset();
  CHECK(go_on());
  stops = true;
  for (std::thread& thread : threads) thread.join();
  CHECK(failed_picks == 0);
}

}  // namespace
}  // namespace naming

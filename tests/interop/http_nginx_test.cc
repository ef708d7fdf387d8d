// SPDX-License-Identifier: Apache-2.0
// Requests to real web servers, which go and come back.

#include <atomic>
#include <chrono>
#include <csignal>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "naming/balancer/round_robin.h"
#include "naming/http/client.h"
#include "naming/testing/fake_backend.h"
#include "tests/support/catch.h"
#include "tests/support/eventually.h"
#include "tests/support/nginx_server.h"

namespace naming::http {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::Eventually;
using testing::NginxServer;

constexpr seconds kLong{30};

ClientOptions InTurns() {
  ClientOptions options;
  options.timeout = kLong;
  options.choice.ejection.base_time = milliseconds(50);
  options.choice.make_balancer = [] {
    return std::make_unique<balancer::RoundRobin>();
  };
  return options;
}

// Three servers, and a client that takes turns among them.
class Servers final {
 public:
  explicit Servers(const std::string& server,
                   ClientOptions options = InTurns()) {
    client =
        Client::Create(*backend_, "fake:///demo", std::move(options)).value();
    std::vector<Instance> instances;
    for (int i = 0; i < 3; ++i) {
      servers.push_back(std::make_unique<NginxServer>(server));
      Instance instance;
      instance.app_id = "demo";
      instance.hostname = "h" + std::to_string(i);
      instance.addrs = {"http://" + servers.back()->address()};
      instances.push_back(instance);
    }
    backend_->SetInstances("demo", instances);
    REQUIRE(Eventually([&] { return client->stats().endpoints == 3; }));
  }

  std::size_t requests() const {
    std::size_t sum = 0;
    for (const auto& server : servers) sum += server->requests();
    return sum;
  }

  std::vector<std::unique_ptr<NginxServer>> servers;
  std::unique_ptr<Client> client;

 private:
  const std::unique_ptr<testing::FakeBackend> backend_ =
      testing::FakeBackend::Create();
};

// Four threads that call until they are told to stop; how many calls ended, and
// how many of them not with 200.
class Load final {
 public:
  explicit Load(std::function<absl::StatusOr<Response>()> call) {
    for (int i = 0; i < 4; ++i) {
      threads_.emplace_back([this, call] {
        while (!stops_) {
          const auto response = call();
          if (!response.ok() || response->status_code != 200) ++failed;
          ++ended_;
        }
      });
    }
  }
  ~Load() { Stop(); }
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  // Waits for so many further calls; returns whether they came.
  bool Await(int calls) {
    const int before = ended_;
    return Eventually([&] { return ended_ >= before + calls; });
  }

  int Stop() {
    stops_ = true;
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
    return ended_;
  }

  std::atomic<int> failed{0};

 private:
  std::atomic<bool> stops_{false};
  std::atomic<int> ended_{0};
  std::vector<std::thread> threads_;
};

TEST_CASE("nginx gets each instance's requests on one connection",
          "[http][nginx]") {
  Servers fleet("location / { return 200 well; }");
  for (int i = 0; i < 30; ++i) {
    const auto response = fleet.client->Get("/");
    REQUIRE(response.ok());
    CHECK(response->body == "well");
  }
  for (const auto& server : fleet.servers) {
    // An nginx logs a request after it has answered.
    CHECK(Eventually([&] { return server->requests() >= 10; }));
    CHECK(server->requests() == 10);
    CHECK(server->RequestsByConnection().size() == 1);
  }
}

TEST_CASE("No GET fails while an nginx is killed and started again",
          "[http][nginx]") {
  Servers fleet("location / { return 200 well; }");
  Load load([&] { return fleet.client->Get("/"); });
  NginxServer& victim = *fleet.servers[0];
  for (int cycle = 0; cycle < 4; ++cycle) {
    CHECK(load.Await(300));
    victim.Kill();
    CHECK(load.Await(300));
    const std::size_t before = victim.requests();
    victim.Start();
    CHECK(Eventually([&] { return victim.requests() > before; }));
  }
  load.Stop();
  CHECK(load.failed == 0);
}

TEST_CASE("No GET fails while an nginx is frozen", "[http][nginx]") {
  ClientOptions options = InTurns();
  options.attempt_timeout = milliseconds(200);
  Servers fleet("location / { return 200 well; }", options);
  Load load([&] { return fleet.client->Get("/"); });
  CHECK(load.Await(300));
  fleet.servers[0]->Signal(SIGSTOP);
  CHECK(Eventually([&] { return fleet.client->stats().ejections >= 1; }));
  CHECK(load.Await(300));
  fleet.servers[0]->Signal(SIGCONT);
  load.Stop();
  CHECK(load.failed == 0);
}

TEST_CASE("Each POST reaches an nginx once though it ends its connections",
          "[http][nginx]") {
  Servers fleet("keepalive_requests 3; location / { return 200 well; }");
  Load load([&] { return fleet.client->Post("/", "body", "text/plain"); });
  CHECK(load.Await(600));
  const int posts = load.Stop();
  CHECK(load.failed == 0);
  CHECK(Eventually(
      [&] { return fleet.requests() >= static_cast<std::size_t>(posts); }));
  CHECK(fleet.requests() == static_cast<std::size_t>(posts));
}

}  // namespace
}  // namespace naming::http

// SPDX-License-Identifier: Apache-2.0
// An http::Client over three servers, beside bare libcurl handles, one for each
// of them: what a GET costs, in time and in this process' CPU. The two take
// turns, and the best round of each counts.

#include <curl/curl.h>
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "naming/balancer/round_robin.h"
#include "naming/direct/client.h"
#include "naming/http/client.h"
#include "tests/benchmark/report.h"
#include "tests/benchmark/server_process.h"

namespace naming::benchmark {
namespace {

constexpr int kServers = 3;

struct Scale {
  int rounds = 15;
  int requests = 1000;  // A round.
};

double Microseconds(clockid_t clock) {
  timespec time = {};
  clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) * 1e6 +
         static_cast<double>(time.tv_nsec) / 1e3;
}

struct Cost {
  double wall = 1e18;
  double cpu = 1e18;
};

template <typename Send>
void Measure(int requests, const Send& send, Cost& best) {
  const double cpu = Microseconds(CLOCK_PROCESS_CPUTIME_ID);
  const double wall = Microseconds(CLOCK_MONOTONIC);
  for (int i = 0; i < requests; ++i) {
    if (send(i)) continue;
    std::fprintf(stderr, "a request failed\n");
    std::exit(1);
  }
  best.wall =
      std::min(best.wall, (Microseconds(CLOCK_MONOTONIC) - wall) / requests);
  best.cpu = std::min(
      best.cpu, (Microseconds(CLOCK_PROCESS_CPUTIME_ID) - cpu) / requests);
}

std::size_t Append(char* bytes, std::size_t size, std::size_t count,
                   void* body) {
  static_cast<std::string*>(body)->append(bytes, size * count);
  return size * count;
}

// libcurl as one uses it by hand: a handle that keeps its connection.
class BareHandle final {
 public:
  explicit BareHandle(std::uint16_t port) : easy_(curl_easy_init()) {
    const std::string url = absl::StrFormat("http://127.0.0.1:%d/x", port);
    curl_easy_setopt(easy_, CURLOPT_URL, url.c_str());
    curl_easy_setopt(easy_, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy_, CURLOPT_WRITEFUNCTION, &Append);
    curl_easy_setopt(easy_, CURLOPT_WRITEDATA, &body_);
    curl_easy_setopt(easy_, CURLOPT_TIMEOUT_MS, 10'000L);
  }
  ~BareHandle() { curl_easy_cleanup(easy_); }
  BareHandle(const BareHandle&) = delete;
  BareHandle& operator=(const BareHandle&) = delete;

  bool Get() {
    body_.clear();
    return curl_easy_perform(easy_) == CURLE_OK && !body_.empty();
  }

 private:
  CURL* const easy_;
  std::string body_;
};

absl::StatusOr<std::unique_ptr<http::Client>> MakeClient(
    direct::Client& registry, const std::string& target, bool is_default) {
  http::ClientOptions options;
  options.host = "demo.app";
  options.timeout = std::chrono::seconds(10);
  if (!is_default) {
    options.choice.make_balancer = [] {
      return std::make_unique<balancer::RoundRobin>();
    };
  }
  auto client = http::Client::Create(registry, target, options);
  if (!client.ok()) return client;
  const absl::Status ready = (*client)->WaitReady(std::chrono::seconds(10));
  if (!ready.ok()) return ready;
  return client;
}

int Run(const Scale& scale, std::size_t body_size) {
  // First of all: a process is to be forked with one thread.
  std::vector<std::unique_ptr<ServerProcess>> servers;
  std::string target = "direct:///";
  for (int i = 0; i < kServers; ++i) {
    servers.push_back(std::make_unique<ServerProcess>(FloorServer(body_size)));
    if (servers.back()->port() == 0) return 1;
    target += absl::StrFormat("%s127.0.0.1:%d", i == 0 ? "" : ",",
                              servers[i]->port());
  }
  curl_global_init(CURL_GLOBAL_DEFAULT);
  std::vector<std::unique_ptr<BareHandle>> handles;
  for (const auto& server : servers) {
    handles.push_back(std::make_unique<BareHandle>(server->port()));
  }
  direct::ClientOptions options;
  options.addr_scheme = "http";
  const auto registry = direct::Client::Create(options);
  if (!registry.ok()) return 1;
  const auto turns = MakeClient(**registry, target, false);
  const auto p2c = MakeClient(**registry, target, true);
  if (!turns.ok() || !p2c.ok()) return 1;

  const auto get = [](http::Client& client) {
    const auto response = client.Get("/x");
    return response.ok() && !response->body.empty();
  };
  Cost bare_cost;
  Cost turns_cost;
  Cost p2c_cost;
  for (int round = 0; round < scale.rounds; ++round) {
    const int n = scale.requests;
    Measure(
        n, [&](int i) { return handles[i % kServers]->Get(); }, bare_cost);
    Measure(
        n, [&](int) { return get(**turns); }, turns_cost);
    Measure(
        n, [&](int) { return get(**p2c); }, p2c_cost);
  }
  const int n = static_cast<int>(body_size);
  Print({"http", "get_round_robin_wall", n, "us", turns_cost.wall,
         bare_cost.wall});
  Print(
      {"http", "get_round_robin_cpu", n, "us", turns_cost.cpu, bare_cost.cpu});
  Print({"http", "get_p2c_wall", n, "us", p2c_cost.wall, bare_cost.wall});
  Print({"http", "get_p2c_cpu", n, "us", p2c_cost.cpu, bare_cost.cpu});
  return 0;
}

}  // namespace
}  // namespace naming::benchmark

int main(int argc, char** argv) {
  using naming::benchmark::Scale;
  Scale scale;
  if (argc == 2 && std::strcmp(argv[1], "--quick") == 0) {
    scale = Scale{1, 10};
  } else if (argc != 1) {
    std::fprintf(stderr, "usage: %s [--quick]\n", argv[0]);
    return 2;
  }
  // The threads of one run are gone, with their Client, when the next one
  // forks.
  for (const std::size_t body_size : {100, 10'000}) {
    const int status = naming::benchmark::Run(scale, body_size);
    if (status != 0) return status;
  }
  return 0;
}

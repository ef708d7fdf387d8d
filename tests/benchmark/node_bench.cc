// SPDX-License-Identifier: Apache-2.0
// Measures a discovery node under the load of many clients:
//
//   bench-node [--quick]
//
// Its floors are an evhttp server that answers a constant of the same size.

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/strings/str_format.h"
#include "tests/benchmark/load_client.h"
#include "tests/benchmark/report.h"
#include "tests/benchmark/server_process.h"

namespace naming::benchmark {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kRegistered = 1000;  // Instances that are registered and renewed.
constexpr int kPacedPerSecond = 100;

// How much is done.
struct Scale {
  int polls = 10'000;
  int connections = 32;
  int rounds = 3;  // Of which the best counts: other work only ever disturbs.
  Seconds time{2};
};

std::string RegisterRequest(std::string_view app_id, int i) {
  return PostRequest(
      "/discovery/register",
      absl::StrFormat(
          "region=region01&zone=zone01&env=dev&appid=%s&hostname=host-%d&"
          "status=1&addrs=grpc%%3A%%2F%%2F10.0.0.7%%3A9000&addrs=http%%3A%%2F"
          "%%2F10.0.0.7%%3A8000&version=1.0&metadata=%%7B%%22weight%%22%%3A"
          "%%2210%%22%%7D",
          app_id, i % kRegistered));
}

std::string RenewRequest(int i) {
  return PostRequest(
      "/discovery/renew",
      absl::StrFormat("region=region01&zone=zone01&env=dev&appid=bench.renew&"
                      "hostname=host-%d",
                      i % kRegistered));
}

std::string FetchRequest(std::string_view app_id) {
  return GetRequest(
      absl::StrFormat("/discovery/fetch?env=dev&appid=%s&status=1", app_id));
}

// Far in the future: held until there is a change.
std::string PollRequest(int i) {
  return GetRequest(absl::StrFormat(
      "/discovery/polls?env=dev&appid=bench.polled&hostname=host-1%%2F4711%%2F"
      "%d&latest_timestamp=4000000000000000000",
      i));
}

std::size_t RoundTrip(LoadClient& client, const std::string& request) {
  client.SendAll([&request](int) { return request; });
  return client.AwaitAll();
}

void RegisterMany(std::uint16_t port, std::string_view app_id, int count) {
  LoadClient client(port, 1);
  for (int i = 0; i < count; ++i) {
    RoundTrip(client, RegisterRequest(app_id, i));
  }
}

Seconds Time(const std::function<void()>& action) {
  const Clock::time_point begin = Clock::now();
  action();
  return Clock::now() - begin;
}

// What a server with many held polls is seen to do.
struct Held {
  double bytes = 0;       // A poll.
  double paced_us = 0;    // A request beside them; the median.
  double fan_out_ms = 0;  // From a change to the last poller.
  std::size_t body_size = 0;
};

// `paced` are requests that change something else, `change` releases all.
Held MeasureHeld(const ServerProcess& server, const Scale& scale,
                 const LoadClient::MakeRequest& poll,
                 const LoadClient::MakeRequest& paced,
                 const std::string& change) {
  Held held;
  LoadClient other(server.port(), 1);
  const std::size_t before = server.ResidentBytes();
  LoadClient pollers(server.port(), scale.polls);
  pollers.SendAll(poll);
  // Answered after all that came before it.
  RoundTrip(other, GetRequest("/discovery/nodes"));
  held.bytes = (static_cast<double>(server.ResidentBytes()) -
                static_cast<double>(before)) /
               scale.polls;
  std::vector<double> paced_us;
  const int count =
      std::max(static_cast<int>(scale.time.count() * kPacedPerSecond), 10);
  Clock::time_point next = Clock::now();
  for (int i = 0; i < count; ++i) {
    next += std::chrono::seconds(1) / kPacedPerSecond;
    std::this_thread::sleep_until(next);
    const std::string request = paced(i);
    paced_us.push_back(Time([&] { RoundTrip(other, request); }).count() * 1e6);
  }
  std::sort(paced_us.begin(), paced_us.end());
  held.paced_us = paced_us[paced_us.size() / 2];
  held.fan_out_ms = Time([&] {
                      other.SendAll([&change](int) { return change; });
                      held.body_size = pollers.AwaitAll();
                    }).count() *
                    1e3;
  other.AwaitAll();
  return held;
}

Held MeasureNode(const Scale& scale, int instances) {
  const ServerProcess node(NodeServer());
  RegisterMany(node.port(), "bench.polled", instances);
  RegisterMany(node.port(), "bench.register", kRegistered);
  return MeasureHeld(
      node, scale, PollRequest,
      [](int i) { return RegisterRequest("bench.register", i); },
      RegisterRequest("bench.polled", 0));
}

Held MeasureFloor(const Scale& scale, std::size_t body_size) {
  const ServerProcess floor(FloorServer(body_size));
  const std::string paced = RegisterRequest("bench.register", 0);
  return MeasureHeld(
      floor, scale, [](int) { return GetRequest("/hold"); },
      [&paced](int) { return paced; }, GetRequest("/release"));
}

// The polled application has so many instances.
void BenchHeld(const Scale& scale, int instances) {
  const double most = std::numeric_limits<double>::max();
  Held node{most, most, most, 0};
  Held floor = node;
  const auto keep_best = [](Held& best, const Held& measured) {
    best.bytes = std::min(best.bytes, measured.bytes);
    best.paced_us = std::min(best.paced_us, measured.paced_us);
    best.fan_out_ms = std::min(best.fan_out_ms, measured.fan_out_ms);
    best.body_size = measured.body_size;
  };
  for (int i = 0; i < scale.rounds; ++i) {
    keep_best(node, MeasureNode(scale, instances));
    keep_best(floor, MeasureFloor(scale, node.body_size));
  }
  const int n = scale.polls;
  const std::string name =
      instances == 1 ? "fanout"
                     : absl::StrFormat("fanout_of_%d_instances", instances);
  Print({"node", name, n, "ms", node.fan_out_ms, floor.fan_out_ms});
  if (instances != 1) return;
  Print({"node", "bytes_per_poll", n, "B", node.bytes, floor.bytes});
  Print({"node", "register_beside_polls", n, "us", node.paced_us,
         floor.paced_us});
}

// Requests a second. `prepare` fills the node before.
void BenchRate(const Scale& scale, std::string_view name,
               const std::function<void(std::uint16_t)>& prepare,
               const LoadClient::MakeRequest& make) {
  double rate = 0;
  double floor_rate = 0;
  for (int i = 0; i < scale.rounds; ++i) {
    std::size_t body_size = 0;
    {
      const ServerProcess node(NodeServer());
      prepare(node.port());
      LoadClient client(node.port(), scale.connections);
      rate = std::max(rate, client.Saturate(make, scale.time));
      body_size = client.AwaitAll();
    }
    const ServerProcess floor(FloorServer(body_size));
    LoadClient client(floor.port(), scale.connections);
    floor_rate = std::max(floor_rate, client.Saturate(make, scale.time));
  }
  Print({"node", name, scale.connections, "1/s", rate, floor_rate, true});
}

// A file descriptor a connection, here and in the servers.
bool RaiseFileLimit(int polls) {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur >= static_cast<rlim_t>(polls) + 200;
}

int Main(int argc, char** argv) {
  Scale scale;
  if (argc == 2 && std::string_view(argv[1]) == "--quick") {
    scale = {100, 4, 1, Seconds(0.05)};
  } else if (argc != 1) {
    std::fprintf(stderr, "usage: bench-node [--quick]\n");
    return 2;
  }
  if (!RaiseFileLimit(scale.polls)) {
    std::fprintf(stderr, "bench-node: too few files may be open (ulimit -n)\n");
    return 1;
  }
  for (const int instances : {1, 20}) BenchHeld(scale, instances);
  const auto fill = [](std::uint16_t port) {
    RegisterMany(port, "bench.renew", kRegistered);
    RegisterMany(port, "bench.fetched", 5);
  };
  BenchRate(scale, "register", fill,
            [](int i) { return RegisterRequest("bench.register", i); });
  BenchRate(scale, "renew", fill, RenewRequest);
  const std::string fetch = FetchRequest("bench.fetched");
  BenchRate(scale, "fetch", fill, [&fetch](int) { return fetch; });
  return 0;
}

}  // namespace
}  // namespace naming::benchmark

int main(int argc, char** argv) { return naming::benchmark::Main(argc, argv); }

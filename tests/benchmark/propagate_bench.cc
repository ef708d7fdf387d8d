// SPDX-License-Identifier: Apache-2.0
// Measures how soon a Watcher knows of a register, over loopback:
//
//   bench-propagate [--quick]
//
// The floor is a bare socket that holds the same poll against the same node;
// the two take turns.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/strings/str_format.h"
#include "base/mutex.h"
#include "naming/discovery/client.h"
#include "tests/benchmark/report.h"
#include "tests/benchmark/server_process.h"
#include "tests/support/raw_client.h"

namespace naming::benchmark {
namespace {

using Clock = std::chrono::steady_clock;
using testing::RawClient;

constexpr std::string_view kWatched = "bench.watched";
constexpr std::string_view kPolled = "bench.polled";

// A client begins its next poll so long after the last one's answer at most,
// and the node holds it then.
constexpr std::chrono::milliseconds kUntilHeld{40};

// What a provider of `app_id` sends; each one is a change.
std::string RegisterForm(std::string_view app_id, std::int64_t change) {
  return absl::StrFormat(
      "region=region01&zone=zone01&env=dev&appid=%s&hostname=host-1&status=1&"
      "addrs=grpc%%3A%%2F%%2F10.0.0.7%%3A9000&addrs=http%%3A%%2F%%2F10.0.0.7"
      "%%3A8000&version=%d&metadata=%%7B%%22weight%%22%%3A%%2210%%22%%7D&"
      "dirty_timestamp=%d",
      app_id, change, 1795224393131111624 + change);
}

void Register(RawClient& provider, std::string_view app_id,
              std::int64_t change) {
  Require(provider.Post("/discovery/register", RegisterForm(app_id, change)),
          "a register can't be sent");
}

// A Client that follows an application.
class Follower final {
 public:
  explicit Follower(const std::string& node) {
    discovery::ClientOptions options;
    options.nodes = {node};
    client_ = discovery::Client::Create(options).value();
    resolver_ =
        client_->Build(absl::StrFormat("discovery:///%s", kWatched)).value();
    watcher_ = resolver_->Watch([this](const auto&) {
      const auto now = Clock::now();
      base::MutexLock lock(mutex_);
      told_at_ = now;
      ++told_;
      changed_.NotifyAll();
    });
  }

  // Returns when the Watcher was told for the `count`-th time.
  Clock::time_point AwaitTold(int count) {
    const auto deadline = Clock::now() + std::chrono::seconds(30);
    base::MutexLock lock(mutex_);
    while (told_ < count) {
      Require(changed_.WaitUntil(mutex_, deadline), "a change doesn't arrive");
    }
    return told_at_;
  }

 private:
  base::Mutex mutex_;
  base::CondVar changed_;
  int told_ ABSL_GUARDED_BY(mutex_) = 0;
  Clock::time_point told_at_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<discovery::Client> client_;
  std::unique_ptr<Resolver> resolver_;
  Watcher watcher_;
};

double Microseconds(Clock::duration duration) {
  return std::chrono::duration<double, std::micro>(duration).count();
}

double Percentile(std::vector<double>& values, double share) {
  std::sort(values.begin(), values.end());
  const auto last = static_cast<double>(values.size() - 1);
  return values[static_cast<std::size_t>(share * last)];
}

int Main(int argc, char** argv) {
  int rounds = 500;
  if (argc == 2 && std::string_view(argv[1]) == "--quick") {
    rounds = 3;
  } else if (argc != 1) {
    std::fprintf(stderr, "usage: bench-propagate [--quick]\n");
    return 2;
  }
  const ServerProcess node(NodeServer());
  const std::string address = absl::StrFormat("127.0.0.1:%d", node.port());
  RawClient provider(address);
  RawClient poller(address);
  for (const std::string_view app_id : {kWatched, kPolled}) {
    Register(provider, app_id, 0);
    Require(provider.ReadAnswer().has_value(), "no answer to a register");
  }
  Follower follower(address);
  follower.AwaitTold(1);
  std::vector<double> watched;
  std::vector<double> polled;
  for (int round = 1; round <= rounds; ++round) {
    std::this_thread::sleep_for(kUntilHeld);
    auto began = Clock::now();
    Register(provider, kWatched, round);
    watched.push_back(Microseconds(follower.AwaitTold(round + 1) - began));
    Require(provider.ReadAnswer().has_value(), "no answer to a register");

    poller.Get(
        absl::StrFormat("/discovery/polls?env=dev&hostname=bare&appid=%s&"
                        "latest_timestamp=4000000000000000000",
                        kPolled));
    std::this_thread::sleep_for(kUntilHeld);
    began = Clock::now();
    Register(provider, kPolled, round);
    Require(poller.ReadAnswer().has_value(), "no answer to a poll");
    polled.push_back(Microseconds(Clock::now() - began));
    Require(provider.ReadAnswer().has_value(), "no answer to a register");
  }
  Print({"propagate", "p50", rounds, "us", Percentile(watched, 0.5),
         Percentile(polled, 0.5)});
  Print({"propagate", "p99", rounds, "us", Percentile(watched, 0.99),
         Percentile(polled, 0.99)});
  return 0;
}

}  // namespace
}  // namespace naming::benchmark

int main(int argc, char** argv) { return naming::benchmark::Main(argc, argv); }

// SPDX-License-Identifier: Apache-2.0
// Measures what one Client costs that follows much and registers much:
//
//   bench-scale [--quick]
//
// Where no simpler program does the same, the floor is what the cost is to stay
// near: a change's with few applications, the bytes of a list, and the target
// for what an idle Client takes.

#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/strings/str_format.h"
#include "base/mutex.h"
#include "naming/discovery/client.h"
#include "tests/benchmark/load_client.h"
#include "tests/benchmark/report.h"
#include "tests/benchmark/server_process.h"

namespace naming::benchmark {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double kMebibyte = 1 << 20;
constexpr double kIdleTargetMebibytes = 8;
constexpr int kIdleTargetThreads = 3;

// A client begins its next poll so long after the last one's answer at most,
// and the node holds it then.
constexpr std::chrono::milliseconds kUntilHeld{40};

struct Scale {
  int apps = 10'000;
  int registrations = 1000;
  int instances = 10'000;
  int changes = 100;
  int rounds = 5;
  Seconds time{5};
};

// Returns the time for which threads of Clients have run so far, by name.
std::map<std::string, double> ThreadSeconds() {
  std::map<std::string, double> seconds;
  for (const auto& task :
       std::filesystem::directory_iterator("/proc/self/task")) {
    std::string name;
    std::ifstream(task.path() / "comm") >> name;
    double nanoseconds = 0;
    std::ifstream(task.path() / "schedstat") >> nanoseconds;
    if (name.rfind("naming-", 0) == 0) seconds[name] += nanoseconds / 1e9;
  }
  return seconds;
}

double ClientSeconds() {
  double sum = 0;
  for (const auto& [name, seconds] : ThreadSeconds()) sum += seconds;
  return sum;
}

double ResidentBytes() {
  std::ifstream file("/proc/self/statm");
  double total = 0;
  double resident = 0;
  file >> total >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE));
}

std::string AddressOf(const ServerProcess& node) {
  return absl::StrFormat("127.0.0.1:%d", node.port());
}

std::unique_ptr<discovery::Client> MakeClient(const ServerProcess& node) {
  discovery::ClientOptions options;
  options.nodes = {AddressOf(node)};
  options.renew_interval = std::chrono::seconds(1);
  return discovery::Client::Create(options).value();
}

std::string AppId(int i) { return absl::StrFormat("bench.app-%05d", i); }

std::string RegisterRequest(std::string_view app_id, int host, int change) {
  return PostRequest(
      "/discovery/register",
      absl::StrFormat(
          "region=region01&zone=zone01&env=dev&appid=%s&hostname=host-%05d&"
          "status=1&addrs=grpc%%3A%%2F%%2F10.0.0.7%%3A9000&addrs=http%%3A%%2F"
          "%%2F10.0.0.7%%3A8000&version=%d&metadata=%%7B%%22cluster%%22%%3A"
          "%%22main%%22%%2C%%22color%%22%%3A%%22%%22%%2C%%22weight%%22%%3A"
          "%%2210%%22%%7D&dirty_timestamp=%d",
          app_id, host, change, 1795224393131111624 + change));
}

void Send(LoadClient& client, const std::string& request) {
  client.SendAll([&request](int) { return request; });
  client.AwaitAll();
}

// A Client that follows `apps` applications of a node that has them.
class Follower final {
 public:
  Follower(const ServerProcess& node, int apps)
      : provider_(node.port(), 1), client_(MakeClient(node)) {
    for (int i = 0; i < apps; ++i) {
      resolvers_.push_back(
          client_->Build(absl::StrFormat("discovery:///%s", AppId(i))).value());
      watchers_.push_back(resolvers_.back()->Watch([this](const auto&) {
        base::MutexLock lock(mutex_);
        ++told_;
        changed_.NotifyAll();
      }));
    }
    AwaitTold(apps);
  }

  // Returns the CPU time for one change of an application.
  double SecondsPerChange(int changes) {
    std::this_thread::sleep_for(kUntilHeld);
    const double before = ClientSeconds();
    const auto begun = Clock::now();
    for (int i = 0; i < changes; ++i) {
      const int told = this->told();
      Send(provider_, RegisterRequest(AppId(0), 0, ++change_));
      AwaitTold(told + 1);
      std::this_thread::sleep_for(kUntilHeld);
    }
    const auto lasted = Clock::now() - begun;
    const double busy = ClientSeconds() - before;
    // What it does all the time, change or not.
    const double idle_before = ClientSeconds();
    std::this_thread::sleep_for(lasted);
    return (busy - (ClientSeconds() - idle_before)) / changes;
  }

 private:
  int told() {
    base::MutexLock lock(mutex_);
    return told_;
  }

  void AwaitTold(int count) {
    const auto deadline = Clock::now() + std::chrono::minutes(1);
    base::MutexLock lock(mutex_);
    while (told_ < count) {
      Require(changed_.WaitUntil(mutex_, deadline), "a change doesn't arrive");
    }
  }

  base::Mutex mutex_;
  base::CondVar changed_;
  int told_ ABSL_GUARDED_BY(mutex_) = 0;
  int change_ = 0;
  LoadClient provider_;
  std::unique_ptr<discovery::Client> client_;
  std::vector<std::unique_ptr<Resolver>> resolvers_;
  std::vector<Watcher> watchers_;
};

void BenchChange(const ServerProcess& node, const Scale& scale) {
  constexpr int kFew = 10;
  {
    LoadClient provider(node.port(), 1);
    for (int i = 0; i < scale.apps; ++i) {
      Send(provider, RegisterRequest(AppId(i), 0, 0));
    }
  }
  double few = std::numeric_limits<double>::max();
  double many = few;
  // One at a time: threads are told apart by their names alone.
  for (int i = 0; i < scale.rounds; ++i) {
    few = std::min(few, Follower(node, kFew).SecondsPerChange(scale.changes));
    many = std::min(many,
                    Follower(node, scale.apps).SecondsPerChange(scale.changes));
  }
  Print({"scale", "change", kFew, "us", few * 1e6, few * 1e6});
  Print({"scale", "change", scale.apps, "us", many * 1e6, few * 1e6});
}

// In one application; the floor is the size of the texts in it.
void BenchInstanceBytes(const ServerProcess& node, const Scale& scale) {
  LoadClient provider(node.port(), 1);
  for (int i = 0; i < scale.instances; ++i) {
    Send(provider, RegisterRequest("bench.instances", i, 0));
  }
  const auto client = MakeClient(node);
  const auto before = mallinfo2();
  const auto resolver = client->Build("discovery:///bench.instances").value();
  const auto snapshot = resolver->Fetch(std::chrono::minutes(1));
  Require(snapshot.ok() &&
              (*snapshot)->size() == static_cast<std::size_t>(scale.instances),
          "Instances are missing");
  // The answer's text is let go when the next request has been sent.
  std::this_thread::sleep_for(kUntilHeld);
  const auto after = mallinfo2();
  const double taken = static_cast<double>(after.uordblks + after.hblkhd) -
                       static_cast<double>(before.uordblks + before.hblkhd);
  std::size_t texts = 0;
  for (const auto& instance : (*snapshot)->AllInstances()) {
    texts += instance->app_id.size() + instance->hostname.size() +
             instance->region.size() + instance->zone.size() +
             instance->env.size() + instance->version.size();
    for (const auto& addr : instance->addrs) texts += addr.size();
    for (const auto& [key, value] : instance->metadata) {
      texts += key.size() + value.size();
    }
  }
  Print({"scale", "instance_bytes", scale.instances, "B",
         taken / scale.instances,
         static_cast<double>(texts) / scale.instances});
}

// Each is renewed once in 1 s, shortened by up to a tenth at random. The floor
// is a bare socket that sends the same request and reads its answer.
void BenchRenew(const ServerProcess& node, const Scale& scale) {
  const auto client = MakeClient(node);
  std::vector<Registration> registrations;
  for (int i = 0; i < scale.registrations; ++i) {
    Instance instance;
    instance.app_id = AppId(i);
    instance.hostname = "bench-renew";
    instance.addrs = {"grpc://10.0.0.7:9000", "http://10.0.0.7:8000"};
    instance.metadata = {{"cluster", "main"}, {"color", ""}, {"weight", "10"}};
    RegisterOptions options;
    auto registration = client->Register(std::move(instance), options);
    Require(registration.ok(), "a register is refused");
    registrations.push_back(*std::move(registration));
  }
  std::this_thread::sleep_for(std::chrono::seconds(1));
  constexpr double kMeanInterval = 0.95;
  const double renewals =
      scale.registrations * scale.time.count() / kMeanInterval;
  const double before = ClientSeconds();
  std::this_thread::sleep_for(scale.time);
  const double ours = (ClientSeconds() - before) / renewals;

  LoadClient bare(node.port(), 1);
  const auto thread_seconds = [] {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) +
           static_cast<double>(now.tv_nsec) / 1e9;
  };
  const double bare_before = thread_seconds();
  for (int i = 0; i < scale.registrations; ++i) {
    Send(bare, PostRequest("/discovery/renew",
                           absl::StrFormat(
                               "region=region01&zone=zone01&env=dev&appid=%s&"
                               "hostname=bench-renew",
                               AppId(i))));
  }
  const double floor = (thread_seconds() - bare_before) / scale.registrations;
  Print({"scale", "renew", scale.registrations, "us", ours * 1e6, floor * 1e6});
}

// A Client that follows an application of which it has a list. To be measured
// before all else: memory that was used once stays with the process.
void BenchIdle(const ServerProcess& node) {
  LoadClient provider(node.port(), 1);
  Send(provider, RegisterRequest("bench.idle", 0, 0));
  const double before = ResidentBytes();
  const auto client = MakeClient(node);
  const auto resolver = client->Build("discovery:///bench.idle").value();
  Require(resolver->Fetch(std::chrono::minutes(1)).ok(), "no list");
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  Print({"scale", "idle_rss", 1, "MiB", (ResidentBytes() - before) / kMebibyte,
         kIdleTargetMebibytes});
  Print({"scale", "idle_threads", 1, "threads",
         static_cast<double>(ThreadSeconds().size()), kIdleTargetThreads});
}

int Main(int argc, char** argv) {
  Scale scale;
  if (argc == 2 && std::string_view(argv[1]) == "--quick") {
    scale = {200, 20, 100, 2, 1, Seconds(0.1)};
  } else if (argc != 1) {
    std::fprintf(stderr, "usage: bench-scale [--quick]\n");
    return 2;
  }
  const ServerProcess node(NodeServer());
  BenchIdle(node);
  BenchInstanceBytes(node, scale);
  BenchChange(node, scale);
  BenchRenew(node, scale);
  return 0;
}

}  // namespace
}  // namespace naming::benchmark

int main(int argc, char** argv) { return naming::benchmark::Main(argc, argv); }

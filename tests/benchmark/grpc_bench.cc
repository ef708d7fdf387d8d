// SPDX-License-Identifier: Apache-2.0
// What a call through a GrpcChannel costs beside one of gRPC's own channels:
// its creation alone, and whole calls to three servers beside gRPC's round
// robin over the same three.

#include <grpcpp/grpcpp.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <iostream>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "echo.grpc.pb.h"
#include "naming/balancer/p2c.h"
#include "naming/balancer/round_robin.h"
#include "naming/balancer/weighted_round_robin.h"
#include "naming/grpc/channel.h"
#include "naming/testing/fake_backend.h"
#include "tests/benchmark/report.h"
#include "tests/support/eventually.h"
#include "tests/support/process.h"

namespace naming::benchmark {
namespace {

using Clock = std::chrono::steady_clock;
using test::Echo;
using test::EchoReply;
using test::EchoRequest;

struct Size {
  int rounds;
  int creations;  // A round.
  int calls;      // A round and thread.
};

// What one round took for each call.
struct Cost {
  double wall = std::numeric_limits<double>::max();
  double cpu = std::numeric_limits<double>::max();

  void Better(const Cost& other) {
    wall = std::min(wall, other.wall);
    cpu = std::min(cpu, other.cpu);
  }
};

double CpuSeconds() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) +
           static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// Returns the nanoseconds that each of `count` runs of `work` took.
Cost Measure(int count, const std::function<void()>& work) {
  const double cpu = CpuSeconds();
  const auto start = Clock::now();
  work();
  Cost cost;
  cost.wall =
      std::chrono::duration<double, std::nano>(Clock::now() - start).count() /
      count;
  cost.cpu = (CpuSeconds() - cpu) * 1e9 / count;
  return cost;
}

// In batches that are short enough for one to be left alone by other programs.
Cost CreateCalls(Echo::Stub& stub, int count) {
  constexpr int kBatches = 20;
  grpc::CompletionQueue queue;
  const EchoRequest request;
  Cost best;
  for (int batch = 0; batch < kBatches; ++batch) {
    best.Better(Measure(count / kBatches, [&] {
      for (int i = 0; i < count / kBatches; ++i) {
        grpc::ClientContext context;
        stub.PrepareAsyncSay(&context, request, &queue);
      }
    }));
  }
  return best;
}

// Counts into `failures` what doesn't end well.
Cost Call(Echo::Stub& stub, int count, int threads,
          std::atomic<int>& failures) {
  return Measure(count * threads, [&] {
    std::vector<std::thread> callers;
    for (int t = 0; t < threads; ++t) {
      callers.emplace_back([&] {
        const EchoRequest request;
        for (int i = 0; i < count; ++i) {
          grpc::ClientContext context;
          EchoReply reply;
          if (!stub.Say(&context, request, &reply).ok()) ++failures;
        }
      });
    }
    for (std::thread& caller : callers) caller.join();
  });
}

struct Subject {
  std::string name;
  std::shared_ptr<grpc::ChannelInterface> channel;
  std::unique_ptr<Echo::Stub> stub;
};

Subject Plain(const std::vector<std::string>& addresses) {
  std::string target = "ipv4:";
  for (const std::string& address : addresses) {
    target += (target.back() == ':' ? "" : ",") + address;
  }
  grpc::ChannelArguments arguments;
  arguments.SetLoadBalancingPolicyName(addresses.size() == 1 ? "pick_first"
                                                             : "round_robin");
  const auto channel = grpc::CreateCustomChannel(
      target, grpc::InsecureChannelCredentials(), arguments);
  return Subject{"plain", channel, Echo::NewStub(channel)};
}

template <typename BalancerType>
Subject Through(const char* name, testing::FakeBackend& backend, int n) {
  GrpcOptions options;
  options.balanced.subset = n;
  options.balanced.client_id = "bench";
  options.balanced.make_balancer = [] {
    return std::make_unique<BalancerType>();
  };
  const auto channel =
      GrpcChannel::Create(backend, "fake:///demo", options).value();
  return Subject{name, channel, Echo::NewStub(channel)};
}

// Waits until every server is connected.
bool IsConnected(const Subject& subject, int n) {
  auto* const ours = dynamic_cast<GrpcChannel*>(subject.channel.get());
  if (ours == nullptr) {
    return subject.channel->WaitForConnected(std::chrono::system_clock::now() +
                                             std::chrono::seconds(30));
  }
  return testing::Eventually([&] {
    const auto peers = ours->peers();
    return std::count_if(peers.begin(), peers.end(), [](const GrpcPeer& peer) {
             return peer.state == GRPC_CHANNEL_READY;
           }) == n;
  });
}

void PrintCase(const std::string& name, int n, int threads,
               std::string_view unit, double value, double floor) {
  Result result;
  result.bench = "grpc";
  result.name = name;
  result.n = n;
  result.unit = unit;
  result.value = value;
  result.floor = floor;
  result.threads = threads;
  Print(result);
}

// Measures `work` for all subjects in turn, again and again; the first is what
// the others are compared with. Returns the best of each.
std::vector<Cost> Compare(std::vector<Subject>& subjects, int rounds,
                          const std::function<Cost(Echo::Stub&)>& work) {
  std::vector<Cost> best(subjects.size());
  for (Subject& subject : subjects) work(*subject.stub);
  for (int round = 0; round < rounds; ++round) {
    for (std::size_t i = 0; i < subjects.size(); ++i) {
      best[i].Better(work(*subjects[i].stub));
    }
  }
  return best;
}

int Run(const Size& size) {
  std::vector<std::unique_ptr<testing::Process>> servers;
  std::vector<std::string> addresses;
  std::vector<Instance> instances;
  for (int i = 0; i < 3; ++i) {
    servers.push_back(std::make_unique<testing::Process>(
        std::vector<std::string>{NAMING_ECHO_SERVER, "127.0.0.1:0"}));
    const auto address = servers.back()->ReadLine();
    if (!address) return 1;
    addresses.push_back(*address);
    Instance& instance = instances.emplace_back();
    instance.app_id = "demo";
    instance.hostname = *address;
    instance.addrs = {"grpc://" + *address};
  }
  const auto backend = testing::FakeBackend::Create();
  backend->SetInstances("demo", instances);

  std::atomic<int> failures{0};
  for (const int n : {1, 3}) {
    std::vector<Subject> subjects;
    subjects.push_back(Plain({addresses.begin(), addresses.begin() + n}));
    subjects.push_back(
        Through<balancer::RoundRobin>("round_robin", *backend, n));
    subjects.push_back(Through<balancer::WeightedRoundRobin>(
        "weighted_round_robin", *backend, n));
    subjects.push_back(Through<balancer::P2c>("p2c", *backend, n));
    for (const Subject& subject : subjects) {
      if (!IsConnected(subject, n)) return 1;
    }
    const auto created =
        Compare(subjects, size.rounds, [&size](Echo::Stub& stub) {
          return CreateCalls(stub, size.creations);
        });
    for (std::size_t i = 1; i < subjects.size(); ++i) {
      PrintCase("create_call/" + subjects[i].name, n, 1, "ns", created[i].wall,
                created[0].wall);
    }
    if (n == 1) continue;
    for (const int threads : {1, 4}) {
      const auto called = Compare(subjects, size.rounds, [&](Echo::Stub& stub) {
        return Call(stub, size.calls, threads, failures);
      });
      for (std::size_t i = 1; i < subjects.size(); ++i) {
        PrintCase("call_wall/" + subjects[i].name, n, threads, "us",
                  called[i].wall / 1000, called[0].wall / 1000);
        PrintCase("call_client_cpu/" + subjects[i].name, n, threads, "us",
                  called[i].cpu / 1000, called[0].cpu / 1000);
      }
    }
  }
  if (failures != 0) std::cerr << failures << " calls failed\n";
  return failures == 0 ? 0 : 1;
}

}  // namespace
}  // namespace naming::benchmark

int main(int argc, char** argv) {
  const bool is_quick = argc == 2 && std::string_view(argv[1]) == "--quick";
  if (argc > 1 && !is_quick) {
    std::cerr << "usage: bench-grpc [--quick]\n";
    return 2;
  }
  return naming::benchmark::Run(is_quick
                                    ? naming::benchmark::Size{2, 500, 20}
                                    : naming::benchmark::Size{15, 20'000, 500});
}

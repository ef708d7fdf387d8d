// SPDX-License-Identifier: Apache-2.0
// Nodes that are killed, stopped and restarted empty, providers that come and
// go, records that others remove and overwrite, and 200 watchers:
//
//   chaos [--seconds N] [--seed N] [--node PROGRAM]
//
// In rounds: chaos, then quiet. When all nodes run again and hold what is
// registered, every watcher must see just that within two seconds. Nobody's
// list may lose more of what lives than the ShrinkPolicy allows, nor miss it
// for longer than it takes to register again. Exit status 1: it was otherwise.

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <vector>

#include "absl/strings/str_format.h"
#include "discovery/protocol.h"
#include "naming/discovery/client.h"
#include "tests/chaos/providers.h"
#include "tests/chaos/watch.h"
#include "tests/support/node_processes.h"
#include "tests/support/raw_client.h"

namespace naming::chaos {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t kApps = 10;
constexpr std::size_t kConsumers = 10;
constexpr std::size_t kWatchesEach = 20;
constexpr std::size_t kMostInstances = 10;  // Of an application.
constexpr std::size_t kFewestInstances = 5;

// Until the nodes hold what is registered: a renewal a second, which a stopped
// node may cost a time-out, back-off, and nodes that find each other again.
constexpr seconds kSettleBound{30};

// From then on.
constexpr seconds kQuietBound{2};

// How long it is watched what came too late.
constexpr seconds kLateBound{90};

// Until every client has had news from a node: one whose nodes all failed tries
// one of them every two seconds, and a read may have to time out first.
constexpr seconds kNewsBound{20};

// A poll at a stopped node ends after its hold and the time-out, and so may the
// renewal and the register; all nodes may be gone for three seconds.
constexpr seconds kMissingBound{30};

struct Arguments {
  seconds time{60};
  std::uint32_t seed = 1;
  std::string node_program = NAMING_NODE_PROGRAM;
};

std::string AppId(std::size_t i) { return absl::StrFormat("chaos.app%d", i); }

long long Ms(Clock::duration duration) {
  return std::chrono::duration_cast<milliseconds>(duration).count();
}

std::string Describe(const ClientState& state) {
  const auto since = std::chrono::system_clock::now() - state.since;
  return absl::StrFormat(
      "%sconnected for %d ms, to %s, last error %s",
      state.is_connected ? "" : "not ",
      std::chrono::duration_cast<milliseconds>(since).count(), state.node,
      state.last_error.ToString());
}

std::string Describe(const ClientStats& stats) {
  return absl::StrFormat(
      "%d polls, %d refreshes, %d failed requests, %d failovers, %d "
      "suppressed shrinks",
      stats.polls, stats.refreshes, stats.failed_requests, stats.failovers,
      stats.suppressed_shrinks);
}

// Polls `condition`; false: it didn't come true in time.
bool Await(Clock::duration bound, const std::function<bool()>& condition) {
  const Clock::time_point end = Clock::now() + bound;
  while (!condition()) {
    if (Clock::now() > end) return condition();
    std::this_thread::sleep_for(milliseconds(10));
  }
  return true;
}

std::size_t ResidentKib() {
  std::size_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages >> pages;
  return pages * static_cast<std::size_t>(sysconf(_SC_PAGESIZE)) / 1024;
}

std::size_t CountEntries(const char* directory) {
  std::error_code ignored;
  const std::filesystem::directory_iterator entries(directory, ignored);
  return static_cast<std::size_t>(std::distance(begin(entries), end(entries)));
}

class Chaos final {
 public:
  explicit Chaos(const Arguments& arguments);

  // Returns the program's exit status.
  int Run();

 private:
  std::size_t Draw(std::size_t below) { return random_() % below; }
  bool Chance(std::size_t percent) { return Draw(100) < percent; }

  void Begin();
  void Disturb();
  void DisturbNodes();
  void DisturbProviders();
  void DisturbRecords();
  bool BeQuiet();
  bool LoseMost();
  bool NodesAgree();
  bool NodeAgrees(std::size_t node);
  bool AwaitWatches(const char* what, Clock::duration bound);
  std::string FirstMissed() const;
  void CheckMissing();
  std::string Post(std::size_t node, std::string_view path, std::string form);
  void Report(int round);

  const Arguments arguments_;
  std::mt19937 random_;
  Truth truth_;
  Violations violations_;
  testing::NodeProcesses nodes_;
  std::vector<std::unique_ptr<discovery::Client>> consumers_;
  std::vector<std::unique_ptr<Watch>> watches_;
  std::unique_ptr<Providers> providers_;
  std::vector<std::size_t> may_go_;  // By application, in this round.

  std::size_t actions_ = 0;
  std::size_t ghosts_ = 0;  // Cancelled, and a node holds it all the same.
  Clock::duration settled_{};
  Clock::duration converged_{};
  Clock::duration longest_converged_{};
};

Chaos::Chaos(const Arguments& arguments)
    : arguments_(arguments),
      random_(arguments.seed),
      nodes_(arguments.node_program, {"", "", ""}) {}

void Chaos::Begin() {
  providers_ = std::make_unique<Providers>(nodes_.addresses(), truth_);
  for (std::size_t app = 0; app < kApps; ++app) {
    for (std::size_t i = 0; i < 8; ++i) providers_->Come(AppId(app));
  }
  for (std::size_t i = 0; i < kConsumers; ++i) {
    discovery::ClientOptions options;
    options.nodes = nodes_.addresses();
    options.poll_hold = seconds(5);
    consumers_.push_back(discovery::Client::Create(std::move(options)).value());
    for (std::size_t j = 0; j < kWatchesEach; ++j) {
      watches_.push_back(std::make_unique<Watch>(
          *consumers_.back(), AppId(j % kApps), truth_, violations_));
    }
  }
}

int Chaos::Run() {
  std::printf("chaos: seed %u, %lld s, %zu watchers\n", arguments_.seed,
              static_cast<long long>(arguments_.time.count()),
              kConsumers * kWatchesEach);
  const Clock::time_point end = Clock::now() + arguments_.time;
  Begin();
  bool is_well = BeQuiet();
  for (int round = 1; is_well && Clock::now() < end; ++round) {
    const Clock::time_point round_end =
        Clock::now() + milliseconds(3000 + Draw(5000));
    may_go_.assign(kApps, 0);
    // Fewer than a half, so that nothing is held back as suspect.
    for (std::size_t app = 0; app < kApps; ++app) {
      may_go_[app] = providers_->CountOf(AppId(app)) * 2 / 5;
    }
    while (Clock::now() < round_end) {
      Disturb();
      std::this_thread::sleep_for(milliseconds(20 + Draw(300)));
      CheckMissing();
    }
    is_well = BeQuiet() && LoseMost();
    Report(round);
    is_well &= violations_.All().empty();
  }
  watches_.clear();
  consumers_.clear();
  providers_.reset();
  for (const std::string& violation : violations_.All()) {
    std::printf("chaos: BROKEN: %s\n", violation.c_str());
  }
  is_well &= violations_.All().empty();
  std::printf("chaos: %s, seed %u, %zu actions, converged in at most %lld ms\n",
              is_well ? "passed" : "FAILED", arguments_.seed, actions_,
              Ms(longest_converged_));
  return is_well ? EXIT_SUCCESS : EXIT_FAILURE;
}

void Chaos::Disturb() {
  ++actions_;
  const std::size_t what = Draw(100);
  if (what < 35) {
    DisturbNodes();
  } else if (what < 85) {
    DisturbProviders();
  } else {
    DisturbRecords();
  }
}

void Chaos::DisturbNodes() {
  if (Chance(7)) {
    // Restarted empty, since nobody is left to tell them.
    for (std::size_t i = 0; i < nodes_.size(); ++i) nodes_.Kill(i);
    std::this_thread::sleep_for(milliseconds(Draw(3000)));
    for (std::size_t i = 0; i < nodes_.size(); ++i) nodes_.Start(i);
    return;
  }
  const std::size_t i = Draw(nodes_.size());
  if (!nodes_.is_up(i)) {
    nodes_.Start(i);
  } else if (nodes_.is_stopped(i)) {
    nodes_.Continue(i);
  } else if (Chance(50)) {
    nodes_.Kill(i);
  } else {
    nodes_.Stop(i);
  }
}

void Chaos::DisturbProviders() {
  const std::size_t app = Draw(kApps);
  const std::string app_id = AppId(app);
  const std::size_t count = providers_->CountOf(app_id);
  const std::size_t what = Draw(3);
  if (what == 0 && count < kMostInstances) {
    providers_->Come(app_id);
  } else if (what == 1 && count > kFewestInstances && may_go_[app] > 0) {
    --may_go_[app];
    providers_->Go(app_id);
  } else if (what == 2) {
    providers_->Change(app_id);
  }
}

// What somebody else does to the record of one that lives.
void Chaos::DisturbRecords() {
  const std::size_t node = Draw(nodes_.size());
  if (!nodes_.is_serving(node)) return;
  Instance victim = providers_->OneOf(AppId(Draw(kApps)));
  if (Chance(50)) {
    Post(node, "/discovery/cancel", discovery::InstanceKeyForm(victim));
    return;
  }
  victim.addrs = {"http://192.0.2.1:1"};
  victim.version = "foreign";
  const auto now = std::chrono::duration_cast<std::chrono::nanoseconds>(
      std::chrono::system_clock::now().time_since_epoch());
  // Sometimes an hour ahead: the client must go beyond it.
  const auto ahead = Chance(50) ? std::chrono::hours(1) : std::chrono::hours(0);
  Post(node, "/discovery/register",
       discovery::RegisterForm(
           victim, (now + std::chrono::nanoseconds(ahead)).count()));
}

// The node keeps it to itself: the others may be stopped, and it would wait.
std::string Chaos::Post(std::size_t node, std::string_view path,
                        std::string form) {
  testing::RawClient client(nodes_.address(node));
  if (client.fd() == -1) return "";
  client.Post(path, form + "&replication=true");
  const auto answer = client.ReadAnswer();
  return answer ? answer->body : "";
}

bool Chaos::BeQuiet() {
  nodes_.Restore();
  providers_->Settle();
  const Clock::time_point began = Clock::now();
  const bool has_settled = Await(kSettleBound, [this] {
    CheckMissing();
    return NodesAgree();
  });
  settled_ = Clock::now() - began;
  if (!has_settled) violations_.Add("the nodes don't hold what is registered");
  return has_settled && AwaitWatches("after chaos", kQuietBound);
}

// With all nodes well, leaves and comes back what no guard may hold back: that
// of an application of which every client has had news from a node since.
bool Chaos::LoseMost() {
  const std::string app_id = AppId(Draw(kApps));
  providers_->Come(app_id);
  if (!Await(kNewsBound, [this] { return NodesAgree(); }) ||
      !AwaitWatches("at the first news", kNewsBound)) {
    return false;
  }
  const std::size_t count = providers_->CountOf(app_id);
  for (std::size_t i = 1; i < count; ++i) providers_->Go(app_id);
  providers_->Settle();
  if (!Await(kSettleBound, [this] { return NodesAgree(); })) {
    violations_.Add("the nodes hold what has left");
    return false;
  }
  const bool is_seen = AwaitWatches("after most left", kQuietBound);
  for (std::size_t i = 2; i < count; ++i) providers_->Come(app_id);
  if (!Await(kSettleBound, [this] { return NodesAgree(); })) {
    violations_.Add("the nodes don't hold what has come");
    return false;
  }
  return is_seen && AwaitWatches("after they came back", kQuietBound);
}

bool Chaos::NodesAgree() {
  bool do_agree = true;
  for (std::size_t i = 0; i < nodes_.size(); ++i) do_agree &= NodeAgrees(i);
  return do_agree;
}

// Returns whether the node holds just the truth. What was cancelled while no
// node could be told stays until its lease runs out, at worst an hour; here it
// is taken out by hand.
bool Chaos::NodeAgrees(std::size_t node) {
  std::vector<std::string> app_ids;
  for (std::size_t i = 0; i < kApps; ++i) app_ids.push_back(AppId(i));
  testing::RawClient client(nodes_.address(node));
  if (client.fd() == -1) return false;
  client.Get("/discovery/fetchs?" + discovery::FetchsQuery("dev", app_ids));
  const auto got = client.ReadAnswer();
  net::HttpResponse response;
  response.status_code = got ? got->status : 500;
  if (got) response.body = got->body;
  const auto answer = discovery::DecodeAnswer(std::move(response));
  if (!answer.ok()) return false;
  auto apps = discovery::DecodeApps(*answer, "dev").apps;
  bool is_true = true;
  for (const std::string& app_id : app_ids) {
    const Members live = truth_.Of(app_id);
    Members held;
    for (const auto& object : apps[app_id].list.objects) {
      const Instance& instance = *object;
      if (live.count(instance.hostname) != 0) {
        held[instance.hostname] = instance.version;
        continue;
      }
      ++ghosts_;
      is_true = false;
      Post(node, "/discovery/cancel", discovery::InstanceKeyForm(instance));
    }
    is_true &= held == live;
  }
  return is_true;
}

bool Chaos::AwaitWatches(const char* what, Clock::duration bound) {
  const Clock::time_point began = Clock::now();
  std::string missed;
  const auto do_all_see = [this, &missed] {
    missed = FirstMissed();
    return missed.empty();
  };
  const bool is_in_time = Await(bound, do_all_see);
  converged_ = Clock::now() - began;
  if (bound == kQuietBound) {
    longest_converged_ = std::max(longest_converged_, converged_);
  }
  if (is_in_time) return true;
  violations_.Add(absl::StrFormat("%s: %s", what, missed));
  const bool is_late = Await(kLateBound, do_all_see);
  violations_.Add(absl::StrFormat("%s after %d ms",
                                  is_late ? "seen" : "still not seen",
                                  Ms(Clock::now() - began)));
  return false;
}

// Returns what the first watcher that doesn't see the truth sees; empty: none.
std::string Chaos::FirstMissed() const {
  for (std::size_t i = 0; i < watches_.size(); ++i) {
    const Watch& watch = *watches_[i];
    const Members truth = truth_.Of(watch.app_id());
    const Members seen = watch.seen();
    if (seen == truth) continue;
    const discovery::Client& consumer = *consumers_[i / kWatchesEach];
    return absl::StrFormat("watcher %d of %s sees%s, not%s; its client: %s; %s",
                           i, watch.app_id(), DescribeMembers(seen),
                           DescribeMembers(truth), Describe(consumer.state()),
                           Describe(consumer.stats()));
  }
  return "";
}

void Chaos::CheckMissing() {
  for (const auto& watch : watches_) watch->CheckMissing(kMissingBound);
}

void Chaos::Report(int round) {
  Clock::duration longest_missing{};
  for (const auto& watch : watches_) {
    longest_missing = std::max(longest_missing, watch->longest_missing());
  }
  std::printf(
      "round %d: %zu actions, settled in %lld ms, seen in %lld ms, missing "
      "for at most %lld ms, %zu ghosts, %zu KiB, %zu threads, %zu files\n",
      round, actions_, Ms(settled_), Ms(converged_), Ms(longest_missing),
      ghosts_, ResidentKib(), CountEntries("/proc/self/task"),
      CountEntries("/proc/self/fd"));
  std::fflush(stdout);
}

// Returns false when `arguments` can't be understood.
bool Parse(const std::vector<std::string>& arguments, Arguments& parsed) {
  for (std::size_t i = 1; i + 1 < arguments.size(); i += 2) {
    const std::string& name = arguments[i];
    const std::string& value = arguments[i + 1];
    if (name == "--seconds") {
      parsed.time = seconds(std::atoi(value.c_str()));
    } else if (name == "--seed") {
      parsed.seed = static_cast<std::uint32_t>(std::atoi(value.c_str()));
    } else if (name == "--node") {
      parsed.node_program = value;
    } else {
      return false;
    }
  }
  return arguments.size() % 2 == 1 && parsed.time.count() > 0;
}

int Main(const std::vector<std::string>& arguments) {
  Arguments parsed;
  if (!Parse(arguments, parsed)) {
    std::fprintf(stderr,
                 "usage: chaos [--seconds N] [--seed N] [--node PROGRAM]\n");
    return 2;
  }
  return Chaos(parsed).Run();
}

}  // namespace
}  // namespace naming::chaos

int main(int argc, char** argv) {
  return naming::chaos::Main({argv, argv + argc});
}

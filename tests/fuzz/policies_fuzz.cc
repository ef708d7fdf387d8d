// SPDX-License-Identifier: Apache-2.0

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "balanced/ejector.h"
#include "naming/balancer/consistent_hash.h"
#include "naming/balancer/least_requests.h"
#include "naming/balancer/p2c.h"
#include "naming/balancer/random.h"
#include "naming/balancer/round_robin.h"
#include "naming/balancer/weighted_random.h"
#include "naming/balancer/weighted_round_robin.h"
#include "naming/filter.h"
#include "naming/scheduler.h"
#include "naming/subset.h"
#include "tests/fuzz/property.h"

// Arbitrary Snapshots and Schedules go through Filter, Scheduler, Subset and
// ejection into each Balancer.
namespace naming {
namespace {

using testing::Require;

// Takes values off the input; zeros when it has ended.
class Input final {
 public:
  Input(const std::uint8_t* data, std::size_t size)
      : data_(data), size_(size) {}

  bool has_more() const { return at_ < size_; }
  unsigned Byte() { return has_more() ? data_[at_++] : 0; }
  bool Flag() { return Byte() % 2 == 1; }

  // Mostly small, sometimes huge, negative or zero.
  std::int64_t Number() {
    const unsigned kind = Byte();
    if (kind < 200) return kind;
    std::uint64_t number = 0;
    for (int i = 0; i < 8; ++i) number = number << 8 | Byte();
    return static_cast<std::int64_t>(number);
  }

  // One of a few words, so that things meet, or arbitrary bytes.
  std::string Text() {
    static const char* const kWords[] = {"", "a", "b", "red", "10", "zone01"};
    const unsigned kind = Byte();
    if (kind < 240) return kWords[kind % std::size(kWords)];
    std::string text;
    for (unsigned left = Byte() % 8; left > 0; --left) {
      text += static_cast<char>(Byte());
    }
    return text;
  }

 private:
  const std::uint8_t* const data_;
  const std::size_t size_;
  std::size_t at_ = 0;
};

std::shared_ptr<const Instance> TakeInstance(Input& input) {
  if (input.Byte() == 255) return nullptr;
  auto instance = std::make_shared<Instance>();
  instance->app_id = "demo";
  instance->hostname = input.Text();
  instance->zone = input.Text();
  instance->version = input.Text();
  instance->status = static_cast<Instance::Status>(input.Byte() < 250 ? 1 : 2);
  if (input.Flag()) {
    instance->metadata["weight"] = std::to_string(input.Number());
  }
  if (input.Flag()) instance->metadata["color"] = input.Text();
  if (input.Flag()) instance->metadata["cluster"] = input.Text();
  for (unsigned left = input.Byte() % 3; left > 0; --left) {
    const std::string scheme = input.Flag() ? "grpc" : input.Text();
    instance->addrs.push_back(scheme + "://h" + input.Text() + ":" +
                              std::to_string(input.Byte()));
  }
  return instance;
}

Snapshot TakeSnapshot(Input& input) {
  Snapshot snapshot;
  for (unsigned left = input.Byte() % 32; left > 0; --left) {
    auto instance = TakeInstance(input);
    const std::string zone =
        instance == nullptr || input.Byte() > 250 ? "other" : instance->zone;
    snapshot.zones[zone].push_back(std::move(instance));
  }
  for (unsigned left = input.Byte() % 4; left > 0; --left) {
    auto& weights = snapshot.schedule.clients[input.Text()];
    for (unsigned zones = input.Byte() % 4; zones > 0; --zones) {
      const std::string zone = input.Text();
      weights[zone] = input.Number();
    }
  }
  return snapshot;
}

using Addresses = std::multiset<std::string>;

Addresses AddressesOf(const std::vector<Endpoint>& endpoints) {
  Addresses addresses;
  for (const Endpoint& endpoint : endpoints) addresses.insert(endpoint.address);
  return addresses;
}

bool Includes(const Addresses& all, const Addresses& some) {
  return std::includes(all.begin(), all.end(), some.begin(), some.end());
}

std::vector<Endpoint> Choose(Input& input, const Snapshot& snapshot) {
  Filter filter;
  if (input.Flag()) filter.addr_scheme = "grpc";
  if (input.Byte() > 200) filter.clusters = {input.Text(), input.Text()};
  if (input.Byte() > 200) filter.version = input.Text();
  const auto endpoints = EndpointsOf(snapshot, filter);
  const Addresses all = AddressesOf(endpoints);
  Require(std::set<std::string>(all.begin(), all.end()).size() == all.size(),
          "an address is one endpoint");

  auto shares = ScheduleZones(endpoints, snapshot.schedule, input.Text());
  Require(shares.empty() == endpoints.empty(), "zones are found for endpoints");
  double sum = 0;
  for (const ZoneShare& share : shares) {
    Require(!share.endpoints.empty() && share.share >= 0,
            "a share is something");
    sum += share.share;
  }
  Require(shares.empty() || std::abs(sum - 1) < 1e-6, "shares add up to 1");

  SubsetOptions options;
  options.method =
      input.Flag() ? SubsetMethod::kRendezvous : SubsetMethod::kKratosRing;
  options.size = input.Byte() % 16;
  options.client_id = input.Text();
  const std::size_t most = std::max(options.size, shares.size());
  const auto joined = Join(SubsetOf(std::move(shares), options));
  Require(joined.empty() == endpoints.empty(), "a subset isn't empty");
  Require(options.size == 0 || joined.size() <= most, "a subset has its size");
  Require(Includes(all, AddressesOf(joined)), "a subset is of the endpoints");
  for (const Endpoint& endpoint : joined) {
    Require(endpoint.weight >= 1 && endpoint.weight <= 1'000'000,
            "weights stay in their range");
  }
  return joined;
}

Outcome TakeOutcome(Input& input) {
  Outcome outcome;
  outcome.result = static_cast<Outcome::Result>(input.Byte() % 4);
  if (input.Flag()) outcome.latency = std::chrono::nanoseconds(input.Number());
  if (input.Flag()) outcome.cpu = static_cast<int>(input.Number());
  return outcome;
}

PickOptions TakePickOptions(Input& input,
                            const std::vector<Candidate>& candidates) {
  PickOptions options;
  if (input.Flag())
    options.hash_key = static_cast<std::uint64_t>(input.Number());
  options.color = input.Text();
  for (const Candidate& candidate : candidates) {
    if (input.Byte() > 200) options.avoid.push_back(candidate.endpoint.address);
  }
  return options;
}

void Use(Input& input, const std::vector<Candidate>& candidates,
         Balancer& balancer) {
  balancer.UpdateCandidates(candidates);
  bool has_uncolored = false;
  bool is_any_out = false;
  bool are_all_out = true;
  Addresses all;
  Addresses out;
  for (const Candidate& candidate : candidates) {
    has_uncolored = has_uncolored || candidate.endpoint.color.empty();
    is_any_out = is_any_out || candidate.is_ejected;
    are_all_out = are_all_out && candidate.is_ejected;
    all.insert(candidate.endpoint.address);
    if (candidate.is_ejected) out.insert(candidate.endpoint.address);
  }
  for (int i = 0; i < 8; ++i) {
    const PickOptions options = TakePickOptions(input, candidates);
    auto pick = input.Flag() ? balancer.Choose(options) : balancer.Choose();
    Require(pick.ok() || pick.status().code() == absl::StatusCode::kUnavailable,
            "what can't be chosen is unavailable");
    Require(pick.ok() || !has_uncolored,
            "endpoints without a color are chosen");
    Require(balancer.Peek() || !has_uncolored, "and may be looked at");
    if (!pick.ok()) continue;
    Require(all.count(pick->endpoint().address) > 0, "choices are of the list");
    Require(are_all_out || out.count(pick->endpoint().address) == 0,
            "the ejected aren't chosen");
    if (input.Flag()) pick->Done(TakeOutcome(input));
  }
}

std::vector<std::unique_ptr<Balancer>> MakeBalancers() {
  balancer::Options options;
  options.seed = 1;
  balancer::P2cOptions p2c;
  p2c.seed = 1;
  balancer::ConsistentHashOptions hash;
  hash.seed = 1;
  std::vector<std::unique_ptr<Balancer>> balancers;
  balancers.push_back(std::make_unique<balancer::RoundRobin>(options));
  balancers.push_back(std::make_unique<balancer::Random>(options));
  balancers.push_back(std::make_unique<balancer::WeightedRoundRobin>(options));
  balancers.push_back(std::make_unique<balancer::WeightedRandom>(options));
  balancers.push_back(std::make_unique<balancer::LeastRequests>(options));
  balancers.push_back(std::make_unique<balancer::P2c>(p2c));
  balancers.push_back(std::make_unique<balancer::ConsistentHash>(hash));
  return balancers;
}

// Whoever is ejected, of each color somebody stays.
void RequireSomebody(const std::vector<Candidate>& candidates) {
  std::map<std::string, bool> has_somebody;
  for (const Candidate& candidate : candidates) {
    bool& has = has_somebody[candidate.endpoint.color];
    has = has || !candidate.is_ejected;
  }
  for (const auto& [color, has] : has_somebody) {
    Require(has, "somebody of each color stays");
  }
}

void Run(Input input) {
  EjectionOptions options;
  options.consecutive_failures = static_cast<int>(input.Byte() % 4);
  options.min_calls = 1;
  options.max_share = (input.Byte() % 11) / 10.0;
  options.slow_start = std::chrono::milliseconds(input.Byte() * 20);
  const auto alarm = std::make_shared<balanced::Alarm>(base::Clock::Real());
  balanced::Ejector ejector("demo", options, alarm);
  const auto balancers = MakeBalancers();
  base::Clock::TimePoint now{std::chrono::hours(1)};
  std::vector<Candidate> candidates;
  for (int round = 0; round < 4 && (round == 0 || input.has_more()); ++round) {
    const Snapshot snapshot = TakeSnapshot(input);
    ejector.SetEndpoints(Choose(input, snapshot), now);
    for (int look = 0; look < 3; ++look) {
      std::vector<EjectionEvent> events;
      now += std::chrono::milliseconds(100) * input.Byte();
      ejector.Look(now, events);
      if (auto change = ejector.TakeChange()) candidates = *std::move(change);
      RequireSomebody(candidates);
      for (auto& probe : ejector.offers()) {
        if (input.Byte() % 2 == 0 || !probe->Claim()) continue;
        balanced::Probe::Take(std::move(probe)).Done(TakeOutcome(input));
      }
      for (const auto& balancer : balancers) Use(input, candidates, *balancer);
    }
  }
}

}  // namespace
}  // namespace naming

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  naming::Run(naming::Input(data, size));
  return 0;
}

// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_TESTS_UNIT_BALANCER_FIXTURE_H_
#define NAMING_TESTS_UNIT_BALANCER_FIXTURE_H_

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "naming/balancer.h"
#include "naming/balancer/consistent_hash.h"
#include "naming/balancer/least_requests.h"
#include "naming/balancer/p2c.h"
#include "naming/balancer/random.h"
#include "naming/balancer/round_robin.h"
#include "naming/balancer/weighted_random.h"
#include "naming/balancer/weighted_round_robin.h"

namespace naming::balancer {

inline Endpoint Make(const std::string& address, int weight = 10,
                     const std::string& color = "") {
  auto instance = std::make_shared<Instance>();
  instance->hostname = "at " + address;
  Endpoint endpoint;
  endpoint.scheme = "grpc";
  endpoint.address = address;
  endpoint.weight = weight;
  endpoint.color = color;
  endpoint.instance = std::move(instance);
  return endpoint;
}

// `count` Endpoints "e0:1", "e1:1", …
inline std::vector<Endpoint> MakeMany(int count) {
  std::vector<Endpoint> endpoints;
  for (int i = 0; i < count; ++i) {
    endpoints.push_back(Make("e" + std::to_string(i) + ":1"));
  }
  return endpoints;
}

inline P2cOptions SeededP2c() {
  P2cOptions options;
  options.seed = 1;
  return options;
}

inline constexpr int kKinds = 7;

// One of each kind, with the seed 1.
inline std::vector<std::unique_ptr<Balancer>> MakeEach(
    const std::string& color = "") {
  const Options options{color, 1};
  P2cOptions p2c;
  p2c.color = color;
  p2c.seed = 1;
  ConsistentHashOptions hash;
  hash.color = color;
  hash.seed = 1;
  std::vector<std::unique_ptr<Balancer>> each;
  each.push_back(std::make_unique<RoundRobin>(options));
  each.push_back(std::make_unique<Random>(options));
  each.push_back(std::make_unique<WeightedRoundRobin>(options));
  each.push_back(std::make_unique<WeightedRandom>(options));
  each.push_back(std::make_unique<LeastRequests>(options));
  each.push_back(std::make_unique<P2c>(p2c));
  each.push_back(std::make_unique<ConsistentHash>(hash));
  return each;
}

inline std::string ChooseOne(Balancer& balancer,
                             const PickOptions& options = {}) {
  const auto pick = balancer.Choose(options);
  return pick.ok() ? pick->endpoint().address : "(none)";
}

// How often each address is chosen in `picks` picks.
inline std::map<std::string, int> Count(Balancer& balancer, int picks,
                                        const PickOptions& options = {}) {
  std::map<std::string, int> counts;
  for (int i = 0; i < picks; ++i) ++counts[ChooseOne(balancer, options)];
  return counts;
}

}  // namespace naming::balancer

#endif  // NAMING_TESTS_UNIT_BALANCER_FIXTURE_H_

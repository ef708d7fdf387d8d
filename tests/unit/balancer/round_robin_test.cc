// SPDX-License-Identifier: Apache-2.0

#include "naming/balancer/round_robin.h"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/catch.h"

namespace naming::balancer {
namespace {

std::vector<Endpoint> Make(const std::vector<std::string>& addrs) {
  const auto instance = std::make_shared<const Instance>();
  std::vector<Endpoint> endpoints;
  for (const std::string& addr : addrs) {
    endpoints.push_back(Endpoint::Create("grpc://" + addr, instance).value());
  }
  return endpoints;
}

std::string ChooseOne(RoundRobin& balancer) {
  const auto pick = balancer.Choose();
  return pick.ok() ? pick->endpoint().address : "(none)";
}

TEST_CASE("Round robin takes endpoints in turn", "[balancer]") {
  RoundRobin balancer;
  balancer.Update(Make({"a:1", "b:1", "c:1"}));
  std::string order;
  for (int i = 0; i < 7; ++i) order += ChooseOne(balancer)[0];
  CHECK(order == "abcabca");
}

TEST_CASE("Without endpoints there is no pick", "[balancer]") {
  RoundRobin balancer;
  CHECK(absl::IsUnavailable(balancer.Choose().status()));
  balancer.Update(Make({"a:1"}));
  CHECK(ChooseOne(balancer) == "a:1");
  balancer.Update({});
  CHECK(absl::IsUnavailable(balancer.Choose().status()));
}

TEST_CASE("After an update only the new endpoints are picked", "[balancer]") {
  RoundRobin balancer;
  balancer.Update(Make({"a:1", "b:1", "c:1"}));
  ChooseOne(balancer);
  ChooseOne(balancer);
  balancer.Update(Make({"d:1"}));
  CHECK(ChooseOne(balancer) == "d:1");
  CHECK(ChooseOne(balancer) == "d:1");
}

TEST_CASE("A pick may be kept when its endpoint has left", "[balancer]") {
  RoundRobin balancer;
  balancer.Update(Make({"a:1"}));
  const Pick pick = balancer.Choose().value();
  balancer.Update({});
  CHECK(pick.endpoint().address == "a:1");
}

TEST_CASE("Threads that pick share the turns evenly", "[balancer]") {
  RoundRobin balancer;
  balancer.Update(Make({"a:1", "b:1"}));
  std::vector<std::map<std::string, int>> picked(2);
  {
    std::vector<std::thread> threads;
    for (auto& mine : picked) {
      threads.emplace_back([&balancer, &mine] {
        for (int i = 0; i < 1000; ++i) ++mine[ChooseOne(balancer)];
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
  CHECK(picked[0]["a:1"] + picked[1]["a:1"] == 1000);
  CHECK(picked[0]["b:1"] + picked[1]["b:1"] == 1000);
}

}  // namespace
}  // namespace naming::balancer

// SPDX-License-Identifier: Apache-2.0

#include "naming/subset.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/hash.h"
#include "tests/support/catch.h"
#include "tests/support/endpoints.h"

namespace naming {
namespace {

using testing::MakeEndpoint;
using testing::MakeEndpoints;

using List = std::vector<std::string>;

SubsetOptions Of(std::size_t size, const std::string& client_id,
                 SubsetMethod method = SubsetMethod::kRendezvous) {
  SubsetOptions options;
  options.method = method;
  options.size = size;
  options.client_id = client_id;
  return options;
}

List Hostnames(const std::vector<Endpoint>& endpoints) {
  List hostnames;
  for (const Endpoint& endpoint : endpoints) {
    hostnames.push_back(endpoint.instance->hostname);
  }
  return hostnames;
}

TEST_CASE("FNV-1a gives the published values", "[subset]") {
  CHECK(base::Fnv1a32("") == 2166136261U);
  CHECK(base::Fnv1a32("foobar") == 0xbf9cf968U);
  CHECK(base::Fnv1a64("foobar") == 0x85944171f73967e8ULL);
  CHECK(base::Fnv1a32("0helloworld-i0") == 2637646571U);
  CHECK(base::Fnv1a32("client-1") == 3136858344U);
}

// What Kratos v2's own code chose for these members and clients.
TEST_CASE("The ring chooses what Kratos v2 chooses", "[subset]") {
  struct Golden {
    int members;
    std::string client_id;
    List chosen;
  };
  const auto golden = GENERATE(values<Golden>({
      {10, "client-1", {"i3", "i5", "i7", "i2", "i4"}},
      {10, "client-2", {"i0", "i9", "i2", "i8", "i6"}},
      {10,
       "4f0c8a52-6c5e-4c5b-9d0e-3b1b1f0d7a11",
       {"i5", "i4", "i8", "i6", "i9"}},
      {40, "client-1", {"i27", "i20", "i18", "i14", "i3"}},
      {40, "client-2", {"i11", "i17", "i39", "i12", "i0"}},
      {40,
       "4f0c8a52-6c5e-4c5b-9d0e-3b1b1f0d7a11",
       {"i37", "i27", "i5", "i12", "i4"}},
  }));
  const bool has_id = GENERATE(false, true);
  std::vector<Endpoint> members;
  for (int i = 0; i < golden.members; ++i) {
    Instance instance;
    instance.app_id = "helloworld";
    instance.hostname = "i" + std::to_string(i);
    // A Kratos program that registers with discovery says its id so.
    if (has_id) {
      instance.metadata["kratos.v2.serviceinstance.id"] = instance.hostname;
    }
    members.push_back(
        *Endpoint::Create("grpc://10.0.0.1:" + std::to_string(9000 + i),
                          std::make_shared<const Instance>(instance)));
  }
  const auto options = Of(5, golden.client_id, SubsetMethod::kKratosRing);
  CHECK(Hostnames(SubsetOf(members, options)) == golden.chosen);
}

TEST_CASE("A subset has its size, and no endpoint twice", "[subset]") {
  const auto method =
      GENERATE(SubsetMethod::kRendezvous, SubsetMethod::kKratosRing);
  const auto endpoints = MakeEndpoints("e", 20);
  for (std::size_t size = 1; size < 20; ++size) {
    const List chosen = Hostnames(SubsetOf(endpoints, Of(size, "me", method)));
    CHECK(chosen.size() == size);
    CHECK(std::set<std::string>(chosen.begin(), chosen.end()).size() == size);
  }
  CHECK(SubsetOf(endpoints, Of(0, "me", method)) == endpoints);
  CHECK(SubsetOf(endpoints, Of(20, "me", method)) == endpoints);
  CHECK(SubsetOf(endpoints, Of(21, "me", method)) == endpoints);
  CHECK(SubsetOf(std::vector<Endpoint>{}, Of(5, "me", method)).empty());
}

TEST_CASE("A subset doesn't hang on the order", "[subset]") {
  auto endpoints = MakeEndpoints("e", 20);
  const auto options = Of(5, "me");
  List before = Hostnames(SubsetOf(endpoints, options));
  std::reverse(endpoints.begin(), endpoints.end());
  List after = Hostnames(SubsetOf(endpoints, options));
  std::reverse(after.begin(), after.end());
  CHECK(before == after);
}

TEST_CASE("Endpoints alike don't break a subset", "[subset]") {
  const std::vector<Endpoint> alike(7, MakeEndpoint("a"));
  CHECK(SubsetOf(alike, Of(3, "me")).size() == 3);
  // On Kratos' ring the last of those with one name is all there is.
  CHECK(SubsetOf(alike, Of(3, "me", SubsetMethod::kKratosRing)).size() == 1);
  Endpoint bare;
  CHECK(SubsetOf({bare, bare}, Of(1, "", SubsetMethod::kKratosRing)).size() ==
        1);
}

// 500 endpoints, of which each of 1,000 clients takes 50: every endpoint should
// have 100 clients. Clients choose without knowing of each other, so that
// chance alone puts the most loaded of 500 three standard deviations, 29 %,
// above the mean; these are the figures of these names.
TEST_CASE("Subsets load endpoints evenly", "[subset]") {
  const auto endpoints = MakeEndpoints("host-", 500);
  std::map<std::string, int> clients;
  for (int i = 0; i < 1000; ++i) {
    const auto options = Of(50, "client-" + std::to_string(i));
    for (const auto& hostname : Hostnames(SubsetOf(endpoints, options))) {
      ++clients[hostname];
    }
  }
  CHECK(clients.size() == 500);
  int most = 0;
  double squares = 0;
  for (const auto& [hostname, count] : clients) {
    most = std::max(most, count);
    squares += (count - 100.0) * (count - 100.0);
  }
  CHECK(most / 100.0 < 1.3);
  // Binomial: sqrt(1000 * 0.1 * 0.9) is 9.5.
  CHECK(std::sqrt(squares / 500) < 10.5);
}

TEST_CASE("One endpoint leaving changes its own clients' choice alone",
          "[subset]") {
  const auto endpoints = MakeEndpoints("host-", 500);
  auto fewer = endpoints;
  fewer.erase(fewer.begin() + 123);
  int changed = 0;
  for (int i = 0; i < 200; ++i) {
    const auto options = Of(50, "client-" + std::to_string(i));
    List before = Hostnames(SubsetOf(endpoints, options));
    List after = Hostnames(SubsetOf(fewer, options));
    std::sort(before.begin(), before.end());
    std::sort(after.begin(), after.end());
    const bool had_it =
        std::binary_search(before.begin(), before.end(), "host-123");
    List kept;
    std::set_intersection(before.begin(), before.end(), after.begin(),
                          after.end(), std::back_inserter(kept));
    CHECK(kept.size() == (had_it ? 49 : 50));
    changed += had_it ? 1 : 0;
  }
  CHECK(changed > 0);
  CHECK(changed < 40);  // A tenth of the clients had it.
}

TEST_CASE("A subset of zones keeps to its size", "[subset]") {
  const std::vector<ZoneShare> shares = {{MakeEndpoints("a", 100, "a"), 0.25},
                                         {MakeEndpoints("b", 100, "b"), 0.75}};
  const auto chosen = SubsetOf(shares, Of(40, "me"));
  REQUIRE(chosen.size() == 2);
  CHECK(chosen[0].endpoints.size() == 10);
  CHECK(chosen[1].endpoints.size() == 30);
  SECTION("but has one of each zone") {
    const auto one = SubsetOf(shares, Of(1, "me"));
    CHECK(one[0].endpoints.size() == 1);
    CHECK(one[1].endpoints.size() == 1);
  }
  SECTION("each client has its own") {
    CHECK(SubsetOf(shares, Of(40, "you")) != chosen);
    CHECK(SubsetOf(shares, Of(40, "me")) == chosen);
  }
}

}  // namespace
}  // namespace naming

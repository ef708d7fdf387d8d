// SPDX-License-Identifier: Apache-2.0

#include "naming/scheduler.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <numeric>
#include <string>
#include <utility>

namespace naming {
namespace {

// How far a share may be off before weights are touched: nobody sees less, and
// small weights keep balancers' cycles short.
constexpr double kShareTolerance = 0.01;

// Scaled weights are at least so large that rounding is out by half a percent,
// and no larger than an Instance's own may be.
constexpr double kMinScaled = 100;
constexpr double kMaxScaled = 1'000'000;

// As balancers take it.
double WeightOf(const Endpoint& endpoint) {
  return endpoint.weight > 0 ? endpoint.weight : 10;
}

double WeightOf(const ZoneShare& share) {
  double sum = 0;
  for (const Endpoint& endpoint : share.endpoints) sum += WeightOf(endpoint);
  return sum;
}

std::vector<Endpoint> TakeZone(const std::string_view zone,
                               const std::vector<Endpoint>& endpoints) {
  std::vector<Endpoint> taken;
  std::copy_if(
      endpoints.begin(), endpoints.end(), std::back_inserter(taken),
      [zone](const Endpoint& endpoint) { return endpoint.zone == zone; });
  return taken;
}

std::vector<ZoneShare> Prescribed(const std::vector<Endpoint>& endpoints,
                                  const Schedule& schedule,
                                  std::string_view client_zone) {
  std::vector<ZoneShare> shares;
  const auto client = schedule.clients.find(std::string(client_zone));
  if (client == schedule.clients.end()) return shares;
  double sum = 0;
  for (const auto& [zone, weight] : client->second) {
    if (weight <= 0) continue;
    ZoneShare share{TakeZone(zone, endpoints), static_cast<double>(weight)};
    if (share.endpoints.empty()) continue;
    sum += share.share;
    shares.push_back(std::move(share));
  }
  for (ZoneShare& share : shares) share.share /= sum;
  return shares;
}

bool KeepToShares(const std::vector<ZoneShare>& shares) {
  double sum = 0;
  for (const ZoneShare& share : shares) sum += WeightOf(share);
  return std::all_of(
      shares.begin(), shares.end(), [sum](const ZoneShare& share) {
        return std::abs(WeightOf(share) / sum - share.share) <= kShareTolerance;
      });
}

// What the weights of a share are multiplied with; shares of nothing, which
// ScheduleZones() doesn't make, count as very small ones.
double FactorOf(const ZoneShare& share) {
  constexpr double kLeast = 1e-9;
  const double part =
      share.share >= kLeast ? std::min(share.share, 1.0) : kLeast;
  return part / WeightOf(share);
}

void Scale(std::vector<ZoneShare>& shares) {
  double least = 1;
  double largest = 0;
  for (const ZoneShare& share : shares) {
    for (const Endpoint& endpoint : share.endpoints) {
      const double weight = WeightOf(endpoint) * FactorOf(share);
      least = std::min(least, weight);
      largest = std::max(largest, weight);
    }
  }
  const double unit = std::min(kMinScaled / least, kMaxScaled / largest);
  int divisor = 0;
  for (ZoneShare& share : shares) {
    const double factor = FactorOf(share) * unit;
    for (Endpoint& endpoint : share.endpoints) {
      endpoint.weight = std::max(
          1, static_cast<int>(std::lround(WeightOf(endpoint) * factor)));
      divisor = std::gcd(divisor, endpoint.weight);
    }
  }
  for (ZoneShare& share : shares) {
    for (Endpoint& endpoint : share.endpoints) endpoint.weight /= divisor;
  }
}

}  // namespace

bool operator==(const ZoneShare& a, const ZoneShare& b) {
  return a.share == b.share && a.endpoints == b.endpoints;
}

bool operator!=(const ZoneShare& a, const ZoneShare& b) { return !(a == b); }

std::vector<ZoneShare> ScheduleZones(std::vector<Endpoint> endpoints,
                                     const Schedule& schedule,
                                     std::string_view client_zone) {
  std::vector<ZoneShare> shares = Prescribed(endpoints, schedule, client_zone);
  if (!shares.empty() || endpoints.empty()) return shares;
  if (!client_zone.empty()) {
    std::vector<Endpoint> own = TakeZone(client_zone, endpoints);
    if (!own.empty()) endpoints = std::move(own);
  }
  shares.push_back({std::move(endpoints), 1});
  return shares;
}

std::vector<Endpoint> Join(std::vector<ZoneShare> shares) {
  shares.erase(std::remove_if(shares.begin(), shares.end(),
                              [](const ZoneShare& share) {
                                return share.endpoints.empty();
                              }),
               shares.end());
  if (shares.size() > 1 && !KeepToShares(shares)) Scale(shares);
  std::vector<Endpoint> joined;
  for (ZoneShare& share : shares) {
    std::move(share.endpoints.begin(), share.endpoints.end(),
              std::back_inserter(joined));
  }
  return joined;
}

}  // namespace naming

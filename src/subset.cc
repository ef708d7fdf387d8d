// SPDX-License-Identifier: Apache-2.0

#include "naming/subset.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <string_view>
#include <tuple>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/hash.h"

namespace naming {
namespace {

// Kratos v2: selector/subset of aegis.
constexpr int kPointsOnRing = 160;
constexpr std::string_view kKratosId = "kratos.v2.serviceinstance.id";

// How far numbers of endpoints may be off the shares when there are larger
// numbers than those that come closest.
constexpr double kTolerance = 0.01;

// Returns those at `indexes`, in that order.
std::vector<Endpoint> Take(std::vector<Endpoint> endpoints,
                           const std::vector<std::size_t>& indexes) {
  std::vector<Endpoint> taken;
  taken.reserve(indexes.size());
  for (const std::size_t i : indexes) taken.push_back(std::move(endpoints[i]));
  return taken;
}

// The `size` endpoints for which the hash of client and address is largest.
std::vector<std::size_t> Rendezvous(const std::vector<Endpoint>& endpoints,
                                    std::size_t size,
                                    std::string_view client_id) {
  const std::uint64_t client = base::Mix64(base::Fnv1a64(client_id));
  std::vector<std::pair<std::uint64_t, std::size_t>> ranks;
  ranks.reserve(endpoints.size());
  for (std::size_t i = 0; i < endpoints.size(); ++i) {
    const std::uint64_t address = base::Fnv1a64(endpoints[i].address);
    ranks.emplace_back(base::Mix64(client ^ base::Mix64(address)), i);
  }
  const auto end = ranks.begin() + static_cast<std::ptrdiff_t>(size);
  std::nth_element(ranks.begin(), end, ranks.end(), std::greater<>());
  std::vector<std::size_t> indexes;
  indexes.reserve(size);
  for (auto it = ranks.begin(); it != end; ++it) indexes.push_back(it->second);
  std::sort(indexes.begin(), indexes.end());
  return indexes;
}

// What Kratos knows the endpoint by: the application and the id within it.
std::string KratosName(const Endpoint& endpoint) {
  if (endpoint.instance == nullptr) return "-" + endpoint.address;
  const Instance& instance = *endpoint.instance;
  const auto id = instance.metadata.find(std::string(kKratosId));
  return absl::StrFormat(
      "%s-%s", instance.app_id,
      id != instance.metadata.end() ? id->second : instance.hostname);
}

// Each point of the ring, with the endpoint that it belongs to: of several that
// fall together the last one counts.
std::vector<std::pair<std::uint32_t, std::size_t>> MakeRing(
    const std::vector<Endpoint>& endpoints) {
  std::vector<std::pair<std::uint32_t, std::size_t>> ring;
  ring.reserve(endpoints.size() * kPointsOnRing);
  for (std::size_t i = 0; i < endpoints.size(); ++i) {
    const std::string name = KratosName(endpoints[i]);
    for (int point = 0; point < kPointsOnRing; ++point) {
      ring.emplace_back(base::Fnv1a32(absl::StrFormat("%d%s", point, name)), i);
    }
  }
  std::sort(ring.begin(), ring.end());
  const auto first = std::unique(
      ring.rbegin(), ring.rend(),
      [](const auto& a, const auto& b) { return a.first == b.first; });
  ring.erase(ring.begin(), first.base());
  return ring;
}

// The first `size` endpoints that one meets on the way round the ring.
std::vector<std::size_t> WalkRing(const std::vector<Endpoint>& endpoints,
                                  std::size_t size,
                                  std::string_view client_id) {
  const auto ring = MakeRing(endpoints);
  const auto start = std::upper_bound(
      ring.begin(), ring.end(), base::Fnv1a32(client_id),
      [](std::uint32_t hash, const auto& point) { return hash < point.first; });
  auto offset = static_cast<std::size_t>(start - ring.begin());
  std::vector<bool> is_met(endpoints.size());
  std::vector<std::size_t> indexes;
  for (std::size_t step = 0; step < ring.size() && indexes.size() < size;
       ++step, ++offset) {
    const std::size_t met = ring[offset % ring.size()].second;
    if (is_met[met]) continue;
    is_met[met] = true;
    indexes.push_back(met);
  }
  return indexes;
}

using Numbers = std::vector<std::size_t>;

std::size_t Sum(const Numbers& numbers) {
  std::size_t sum = 0;
  for (const std::size_t number : numbers) sum += number;
  return sum;
}

// Returns how many endpoints of each share make about `total` of them.
Numbers Divide(const std::vector<ZoneShare>& shares, std::size_t total) {
  Numbers numbers;
  numbers.reserve(shares.size());
  for (const ZoneShare& share : shares) {
    const double part = share.share * static_cast<double>(total);
    const auto all = static_cast<double>(share.endpoints.size());
    // Not std::clamp: it must hold for what isn't a number, too.
    numbers.push_back(
        part >= 1 ? static_cast<std::size_t>(std::lround(std::min(part, all)))
                  : 1);
  }
  return numbers;
}

// Returns how far `numbers` are off the shares.
double Error(const std::vector<ZoneShare>& shares, const Numbers& numbers) {
  const auto sum = static_cast<double>(Sum(numbers));
  double error = 0;
  for (std::size_t i = 0; i < shares.size(); ++i) {
    error = std::max(error, std::abs(static_cast<double>(numbers[i]) / sum -
                                     shares[i].share));
  }
  return error;
}

// Returns the largest numbers that are near enough to the shares, else the
// nearest. `limit` is at least the number of shares.
Numbers NumbersFor(const std::vector<ZoneShare>& shares, std::size_t limit) {
  Numbers best = Divide(shares, 0);
  double least = Error(shares, best);
  for (std::size_t total = limit; total > shares.size(); --total) {
    Numbers numbers = Divide(shares, total);
    if (Sum(numbers) > limit) continue;
    const double error = Error(shares, numbers);
    if (error <= kTolerance) return numbers;
    if (error >= least) continue;
    least = error;
    best = std::move(numbers);
  }
  return best;
}

}  // namespace

bool operator==(const SubsetOptions& a, const SubsetOptions& b) {
  return std::tie(a.method, a.size, a.client_id) ==
         std::tie(b.method, b.size, b.client_id);
}

bool operator!=(const SubsetOptions& a, const SubsetOptions& b) {
  return !(a == b);
}

std::vector<Endpoint> SubsetOf(std::vector<Endpoint> endpoints,
                               const SubsetOptions& options) {
  if (options.size == 0 || options.size >= endpoints.size()) return endpoints;
  const auto indexes =
      options.method == SubsetMethod::kKratosRing
          ? WalkRing(endpoints, options.size, options.client_id)
          : Rendezvous(endpoints, options.size, options.client_id);
  return Take(std::move(endpoints), indexes);
}

std::vector<ZoneShare> SubsetOf(std::vector<ZoneShare> shares,
                                const SubsetOptions& options) {
  shares.erase(std::remove_if(shares.begin(), shares.end(),
                              [](const ZoneShare& share) {
                                return share.endpoints.empty();
                              }),
               shares.end());
  SubsetOptions part = options;
  if (shares.size() == 1) {
    shares[0].endpoints = SubsetOf(std::move(shares[0].endpoints), part);
    return shares;
  }
  std::size_t limit = 0;
  for (const ZoneShare& share : shares) limit += share.endpoints.size();
  if (options.size > 0) limit = std::min(limit, options.size);
  limit = std::max(limit, shares.size());
  const Numbers numbers = NumbersFor(shares, limit);
  for (std::size_t i = 0; i < shares.size(); ++i) {
    part.size = numbers[i];
    shares[i].endpoints = SubsetOf(std::move(shares[i].endpoints), part);
  }
  return shares;
}

}  // namespace naming

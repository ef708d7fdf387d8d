// SPDX-License-Identifier: Apache-2.0

#include "balancer/turns.h"

#include <random>

namespace naming::balancer {
namespace {

std::uint64_t NextId() {
  static std::atomic<std::uint64_t> last{0};
  return ++last;
}

}  // namespace

Turns::Turns() : id(NextId()) {}

std::uint64_t SeedOf(const std::optional<std::uint64_t>& seed) {
  if (seed.has_value()) return *seed;
  std::random_device device;
  return std::uint64_t{device()} << 32 | device();
}

}  // namespace naming::balancer

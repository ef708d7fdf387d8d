// SPDX-License-Identifier: Apache-2.0

#include "base/backoff.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <random>
#include <set>

#include "tests/support/catch.h"

namespace naming::base {
namespace {

using std::chrono::milliseconds;

bool IsBetween(milliseconds value, milliseconds low, milliseconds high) {
  return value >= low && value <= high;
}

TEST_CASE("A delay lies between half and whole of a bound that doubles",
          "[backoff]") {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    Backoff backoff(milliseconds(100), milliseconds(1000), seed);
    CAPTURE(seed);
    CHECK(IsBetween(backoff.Next(), milliseconds(50), milliseconds(100)));
    CHECK(IsBetween(backoff.Next(), milliseconds(100), milliseconds(200)));
    CHECK(IsBetween(backoff.Next(), milliseconds(200), milliseconds(400)));
    CHECK(IsBetween(backoff.Next(), milliseconds(400), milliseconds(800)));
    CHECK(IsBetween(backoff.Next(), milliseconds(500), milliseconds(1000)));
    CHECK(IsBetween(backoff.Next(), milliseconds(500), milliseconds(1000)));
  }
}

TEST_CASE("Reset begins again at the first bound", "[backoff]") {
  Backoff backoff(milliseconds(100), milliseconds(10'000), 7);
  for (int i = 0; i < 10; ++i) backoff.Next();
  backoff.Reset();
  CHECK(backoff.Next() <= milliseconds(100));
}

TEST_CASE("A first delay above the maximum is the maximum", "[backoff]") {
  Backoff backoff(milliseconds(500), milliseconds(100), 7);
  CHECK(IsBetween(backoff.Next(), milliseconds(50), milliseconds(100)));
}

TEST_CASE("A maximum near the end of the type doesn't overflow", "[backoff]") {
  Backoff backoff(milliseconds(1), milliseconds::max(), 7);
  for (int i = 0; i < 100; ++i) CHECK(backoff.Next() >= milliseconds(0));
}

TEST_CASE("Equal seeds give equal delays, neighbours give scattered ones",
          "[backoff]") {
  std::set<milliseconds> firsts;
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    Backoff one(milliseconds(100'000), milliseconds(100'000), seed);
    Backoff other(milliseconds(100'000), milliseconds(100'000), seed);
    const milliseconds delay = one.Next();
    CHECK(other.Next() == delay);
    firsts.insert(delay);
  }
  CHECK(firsts.size() > 40);
  // Together they cover most of the range [50 s, 100 s].
  CHECK(*firsts.begin() < milliseconds(60'000));
  CHECK(*firsts.rbegin() > milliseconds(90'000));
}

TEST_CASE("Jittered takes away at most the share", "[backoff]") {
  std::minstd_rand random(1);
  milliseconds least = milliseconds::max();
  milliseconds most = milliseconds::min();
  for (int i = 0; i < 2000; ++i) {
    const milliseconds delay = Jittered(milliseconds(1000), 0.1, random);
    least = std::min(least, delay);
    most = std::max(most, delay);
  }
  CHECK(IsBetween(least, milliseconds(900), milliseconds(905)));
  CHECK(IsBetween(most, milliseconds(995), milliseconds(1000)));
}

TEST_CASE("Jittered stands any share and interval", "[backoff]") {
  std::minstd_rand random(1);
  CHECK(Jittered(milliseconds(1000), 0, random) == milliseconds(1000));
  CHECK(Jittered(milliseconds(1000), -1, random) == milliseconds(1000));
  CHECK(Jittered(milliseconds(1000), 7, random) >= milliseconds(0));
  CHECK(Jittered(milliseconds(0), 0.5, random) == milliseconds(0));
}

}  // namespace
}  // namespace naming::base

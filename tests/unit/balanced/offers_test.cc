// SPDX-License-Identifier: Apache-2.0

#include "balanced/offers.h"

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/catch.h"
#include "tests/support/endpoints.h"
#include "tests/support/fake_clock.h"

namespace naming::balanced {
namespace {

class Maker {
 public:
  std::shared_ptr<Probe> Make(const std::string& name,
                              const std::string& color = "") {
    Endpoint endpoint = testing::MakeEndpoint(name, "zone01");
    endpoint.color = color;
    return std::make_shared<Probe>(std::move(endpoint), alarm_);
  }

 private:
  testing::FakeClock clock_;
  const std::shared_ptr<Alarm> alarm_ = std::make_shared<Alarm>(clock_);
};

TEST_CASE("An offer is for one call of its color", "[offers]") {
  Maker maker;
  Offers offers;
  CHECK_FALSE(offers.MayHave(""));
  CHECK(offers.Claim("", nullptr) == nullptr);
  const auto blue = maker.Make("a", "blue");
  offers.Publish({blue});
  CHECK_FALSE(offers.MayHave(""));
  CHECK(offers.MayHave("blue"));
  CHECK(offers.Claim("", nullptr) == nullptr);
  CHECK(offers.MayHave("blue"));  // Another color's call spoils nothing.
  CHECK(offers.Claim("blue", nullptr) == blue);
  CHECK_FALSE(offers.MayHave("blue"));
  CHECK(offers.Claim("blue", nullptr) == nullptr);
  CHECK(offers.claimed() == 1);

  const auto next = maker.Make("a", "blue");
  offers.Publish({next});
  CHECK(offers.MayHave("blue"));
  SECTION("unless it is withdrawn") {
    CHECK(next->Withdraw());
    CHECK(offers.Claim("blue", nullptr) == nullptr);
    CHECK_FALSE(offers.MayHave("blue"));
  }
  SECTION("or the call avoids the endpoint") {
    PickOptions options;
    options.avoid = {next->endpoint().address};
    CHECK(offers.Claim("blue", &options) == nullptr);
    CHECK(offers.MayHave("blue"));
    CHECK(offers.Claim("blue", nullptr) == next);
  }
  SECTION("or another list comes") {
    offers.Publish({});
    CHECK_FALSE(offers.MayHave("blue"));
    CHECK(offers.Claim("blue", nullptr) == nullptr);
  }
}

TEST_CASE("Several offers of a color go to as many calls", "[offers]") {
  Maker maker;
  Offers offers;
  const auto a = maker.Make("a");
  const auto b = maker.Make("b");
  offers.Publish({a, b});
  CHECK(offers.Claim("", nullptr) == a);
  CHECK(offers.MayHave(""));
  CHECK(offers.Claim("", nullptr) == b);
  CHECK_FALSE(offers.MayHave(""));
}

TEST_CASE("Offers are neither lost nor given twice", "[offers]") {
  Maker maker;
  Offers offers;
  constexpr int kOffers = 2000;
  std::atomic<int> claimed{0};
  std::atomic<bool> is_over{false};
  std::vector<std::thread> callers;
  for (int i = 0; i < 2; ++i) {
    callers.emplace_back([&] {
      while (!is_over) {
        if (offers.MayHave("") && offers.Claim("", nullptr)) ++claimed;
      }
    });
  }
  bool is_lost = false;
  for (int i = 0; i < kOffers && !is_lost; ++i) {
    const auto probe = maker.Make("a");
    offers.Publish({probe});
    while (probe->is_offered() && !is_lost) is_lost = !offers.MayHave("");
    is_lost = probe->is_offered();
  }
  is_over = true;
  for (std::thread& caller : callers) caller.join();
  CHECK_FALSE(is_lost);
  CHECK(claimed == kOffers);
}

}  // namespace
}  // namespace naming::balanced

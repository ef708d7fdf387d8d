// SPDX-License-Identifier: Apache-2.0

#include "http/retry_budget.h"

#include "tests/support/catch.h"

namespace naming::http {
namespace {

int Taken(RetryBudget& budget, int requests) {
  int taken = 0;
  for (int i = 0; i < requests; ++i) {
    budget.Deposit();
    while (budget.Take()) ++taken;
  }
  return taken;
}

TEST_CASE("A budget allows its burst, then its share", "[http]") {
  RetryBudget budget(0.1, 10);
  CHECK(budget.HasToken());
  CHECK(Taken(budget, 1) == 10);
  CHECK_FALSE(budget.HasToken());
  CHECK(Taken(budget, 1000) == 100);
}

TEST_CASE("What a budget didn't spend is bounded by its burst", "[http]") {
  RetryBudget budget(1, 3);
  for (int i = 0; i < 100; ++i) budget.Deposit();
  int taken = 0;
  while (budget.Take()) ++taken;
  CHECK(taken == 3);
}

TEST_CASE("A budget without burst allows nothing", "[http]") {
  RetryBudget budget(1, 0);
  CHECK(Taken(budget, 100) == 0);
}

}  // namespace
}  // namespace naming::http

// How many requests an audience may make.
#include <gtest/gtest.h>

#include "agent/web/limits.h"

namespace imrs::web {
namespace {

using std::chrono::milliseconds;
using Time = std::chrono::steady_clock::time_point;

constexpr Time kStart = Time(std::chrono::hours(1));

Limits few() {
  Limits limits;
  limits.requests_per_second = 4;
  limits.burst = 10;
  return limits;
}

int taken(RequestBudget& budget, Time now, int most = 1000) {
  int count = 0;
  while (count < most && budget.take(now)) ++count;
  return count;
}

TEST(RequestBudget, ABurstAndThenTheRate) {
  const Limits limits = few();
  RequestBudget budget(limits);
  EXPECT_EQ(taken(budget, kStart), 10);
  EXPECT_FALSE(budget.take(kStart + milliseconds(249)));
  EXPECT_TRUE(budget.take(kStart + milliseconds(250)));
  EXPECT_FALSE(budget.take(kStart + milliseconds(250)));
  EXPECT_EQ(taken(budget, kStart + milliseconds(1250)), 4);
}

TEST(RequestBudget, APauseGivesNoMoreThanABurst) {
  const Limits limits = few();
  RequestBudget budget(limits);
  EXPECT_EQ(taken(budget, kStart), 10);
  EXPECT_EQ(taken(budget, kStart + std::chrono::hours(24 * 365)), 10);
}

TEST(RequestBudget, WhatIsRefusedCostsNothing) {
  const Limits limits = few();
  RequestBudget budget(limits);
  (void)taken(budget, kStart);
  for (int i = 1; i < 1000; ++i) (void)budget.take(kStart + std::chrono::microseconds(i));
  EXPECT_TRUE(budget.take(kStart + milliseconds(251)))
      << "somebody who asks all the time is let in again too";
}

TEST(RequestBudget, TheRateIsKeptOverALongTime) {
  const Limits limits = few();
  RequestBudget budget(limits);
  int count = 0;
  for (int ms = 0; ms <= 100'000; ++ms) count += budget.take(kStart + milliseconds(ms)) ? 1 : 0;
  EXPECT_NEAR(count, 10 + 4 * 100, 1);
}

TEST(RequestBudget, OneThatMayNothing) {
  Limits limits;
  limits.burst = 0;
  RequestBudget budget(limits);
  EXPECT_FALSE(budget.take(kStart));
  EXPECT_FALSE(budget.take(kStart + std::chrono::hours(1)));
}

// The defaults: a person with some tabs is served, and a page with all its parts at once.
TEST(RequestBudget, TheDefaultsServeAPage) {
  const Limits limits;
  RequestBudget budget(limits);
  EXPECT_EQ(taken(budget, kStart), 300);
  EXPECT_EQ(taken(budget, kStart + std::chrono::seconds(1)), 50);
}

}  // namespace
}  // namespace imrs::web

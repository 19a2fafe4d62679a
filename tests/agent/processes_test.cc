#include "agent/processes.h"

#include <gtest/gtest.h>

namespace imrs::agent {
namespace {

TEST(RestartDelay, GrowsAndIsBounded) {
  const std::pair<int, int> cases[] = {{0, 0},   {1, 0},    {2, 100},  {3, 200},
                                       {4, 400}, {7, 3200}, {8, 5000}, {1000, 5000}};
  for (const auto& [deaths, want_ms] : cases) {
    EXPECT_EQ(restart_delay(deaths).count(), want_ms) << deaths << " quick deaths";
  }
}

}  // namespace
}  // namespace imrs::agent

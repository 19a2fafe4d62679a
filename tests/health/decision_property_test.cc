// A million random events: the invariants of the promise hold whatever comes.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "health/decision.h"

namespace imrs::health {
namespace {

using std::chrono::milliseconds;
constexpr std::size_t kTargets = 3;

// What the invariants need to remember, kept apart from the code under test.
struct Witness {
  std::vector<int> rights_since_wrong = std::vector<int>(kTargets, 0);
  bool expired = false, withdrawn = false;

  void see(const Event& event) {
    if (const auto* probed = std::get_if<Probed>(&event)) {
      if (probed->evidence == Evidence::Wrong) {
        std::fill(rights_since_wrong.begin(), rights_since_wrong.end(), 0);
      }
      if (probed->evidence == Evidence::Right) ++rights_since_wrong[probed->target];
    } else if (const auto* expiry = std::get_if<Expiry>(&event)) {
      expired = expiry->expired;
    } else if (const auto* order = std::get_if<Withdrawal>(&event)) {
      withdrawn = order->withdraw;
    }
  }
};

Event random_event(std::mt19937& random) {
  const int kind = static_cast<int>(random() % 1000);
  const std::size_t target = random() % kTargets;
  if (kind < 900) return Probed{target, Evidence::Right, "t"};
  if (kind < 940) return Probed{target, Evidence::Silent, "t"};
  if (kind < 960) return Probed{target, Evidence::CrowdedOut, "t"};
  if (kind < 985) return Probed{target, Evidence::CouldNotAsk, "t"};
  if (kind < 990) return Probed{target, Evidence::Wrong, "t"};
  if (kind < 995) return Expiry{random() % 2 == 0, "e"};
  return Withdrawal{random() % 2 == 0, "w"};
}

TEST(DecisionProperty, AMillionRandomEvents) {
  std::mt19937 random(20144);
  const Policy policy{
      .rise = 3, .fall = 3, .hold_down = milliseconds(50), .hold_down_max = milliseconds(400)};
  State state(kTargets);
  Witness witness;
  TimePoint now = TimePoint() + std::chrono::hours(1);
  int announced_edges = 0, withdrawn_edges = 0;
  for (int i = 0; i < 1'000'000; ++i) {
    const Event event = random_event(random);
    const bool before = state.announce();
    now += milliseconds(random() % 20);
    const Verdict verdict = step(state, event, policy, now);
    witness.see(event);
    ASSERT_EQ(verdict.announce, state.announce());
    ASSERT_FALSE(verdict.reason.empty());
    if (verdict.announce) {
      ASSERT_FALSE(witness.expired) << "announced while expired, event " << i;
      ASSERT_FALSE(witness.withdrawn) << "announced while withdrawn, event " << i;
      ASSERT_GE(*std::ranges::min_element(witness.rights_since_wrong), policy.rise)
          << "announced too early, event " << i;
    }
    if (const auto* probed = std::get_if<Probed>(&event)) {
      const bool harmless = probed->evidence == Evidence::CrowdedOut ||
                            probed->evidence == Evidence::CouldNotAsk;
      if (harmless) {
        ASSERT_EQ(before, verdict.announce) << "event " << i;
      }
      if (probed->evidence == Evidence::Wrong) {
        ASSERT_FALSE(verdict.announce) << "event " << i;
        ASSERT_TRUE(verdict.failed) << "event " << i;
      }
    }
    announced_edges += !before && verdict.announce;
    withdrawn_edges += before && !verdict.announce;
  }
  // The run has seen both: otherwise it would prove nothing.
  EXPECT_GT(announced_edges, 1000);
  EXPECT_GT(withdrawn_edges, 1000);
}

// From whatever state: healthy for longer than any hold-down is announced in the end.
TEST(DecisionProperty, HealthyForLongEnoughIsAlwaysAnnounced) {
  std::mt19937 random(7);
  const Policy policy{
      .rise = 3, .fall = 3, .hold_down = milliseconds(50), .hold_down_max = milliseconds(400)};
  for (int round = 0; round < 2000; ++round) {
    State state(kTargets);
    TimePoint now = TimePoint() + std::chrono::hours(1);
    for (int i = 0; i < 200; ++i) {
      (void)step(state, random_event(random), policy, now += milliseconds(random() % 20));
    }
    (void)step(state, Expiry{false, ""}, policy, now);
    (void)step(state, Withdrawal{false, ""}, policy, now);
    now += policy.hold_down_max;
    for (int i = 0; i < policy.rise + 1; ++i) {
      for (std::size_t target = 0; target < kTargets; ++target) {
        (void)step(state, Probed{target, Evidence::Right, ""}, policy, now);
      }
    }
    ASSERT_TRUE(state.announce()) << "round " << round << ": " << state.reason();
  }
}

}  // namespace
}  // namespace imrs::health

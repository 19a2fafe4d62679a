// A million random sequences of events: the invariants of the promise hold whatever comes.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>

#include "health/decision.h"

namespace imrs::health {
namespace {

using std::chrono::milliseconds;
constexpr std::size_t kTargets = 2;
constexpr int kSequences = 1'000'000, kEvents = 24;
constexpr TimePoint kStart{std::chrono::hours(1)};

const Policy& policy() {
  static const Policy kPolicy{
      .rise = 2, .fall = 2, .hold_down = milliseconds(50), .hold_down_max = milliseconds(400)};
  return kPolicy;
}

// What the invariants need to remember, kept apart from the code under test.
struct Witness {
  std::array<int, kTargets> rights_since_wrong{};
  bool expired = false, way_out = true;
  Overlay overlay = Overlay::None;

  void see(const Event& event) {
    if (const auto* probed = std::get_if<Probed>(&event)) {
      if (probed->evidence == Evidence::Wrong) rights_since_wrong.fill(0);
      if (probed->evidence == Evidence::Right) ++rights_since_wrong[probed->target];
    } else if (const auto* expiry = std::get_if<Expiry>(&event)) {
      expired = expiry->expired;
    } else if (const auto* way = std::get_if<WayOut>(&event)) {
      way_out = way->usable;
    } else if (const auto* order = std::get_if<Order>(&event)) {
      const bool less = overlay == Overlay::Drained || overlay == Overlay::Withdraw;
      overlay = order->overlay == Overlay::Drain && less ? Overlay::Drained : order->overlay;
    }
  }

  // What forbids these routes; nothing if they may be.
  [[nodiscard]] const char* objection(const Routes& routes) const {
    if (routes.graceful_shutdown && !routes.specific) return "tagged, but not announced";
    if (routes.specific && overlay == Overlay::Drained) return "specific while drained";
    if (!routes.any()) return nullptr;
    if (!routes.covering) return "specific without covering";
    if (expired) return "announced while expired";
    if (!way_out) return "announced without a way out";
    if (overlay == Overlay::Withdraw) return "announced while withdrawn";
    if (std::ranges::min(rights_since_wrong) < policy().rise) return "announced too early";
    return nullptr;
  }
};

bool never_withdraws(const Event& event) {
  const auto* probed = std::get_if<Probed>(&event);
  return probed != nullptr &&
         (probed->evidence == Evidence::CrowdedOut || probed->evidence == Evidence::CouldNotAsk ||
          probed->evidence == Evidence::Right);
}

// `calm`: of a thousand events, how many are right answers.
Event random_event(std::mt19937& random, unsigned calm) {
  const std::size_t target = random() % kTargets;
  if (random() % 1000 < calm) return Probed{target, Evidence::Right, "t"};
  switch (random() % 8) {
    case 0: return Probed{target, Evidence::Wrong, "t"};
    case 1: return Probed{target, Evidence::CrowdedOut, "t"};
    case 2: return Probed{target, Evidence::CouldNotAsk, "t"};
    case 3: return Expiry{random() % 4 == 0, "e"};
    case 4: return WayOut{random() % 4 != 0, "w"};
    case 5: return Order{static_cast<Overlay>(random() % 4), "o"};
    default: return Probed{target, Evidence::Silent, "t"};
  }
}

struct Edges {
  int announced = 0, withdrawn = 0;
};

void one_sequence(std::mt19937& random, Edges& edges) {
  State state(kTargets);
  Witness witness;
  TimePoint now = kStart;
  const auto calm = static_cast<unsigned>(500 + random() % 500);
  for (int i = 0; i < kEvents; ++i) {
    const Event event = random_event(random, calm);
    const Routes before = state.routes();
    now += milliseconds(random() % 40);
    const Verdict verdict = step(state, event, policy(), now);
    witness.see(event);
    ASSERT_EQ(verdict.routes, state.routes());
    ASSERT_EQ(verdict.routes, routes_of(verdict.phase, state.overlay()));
    ASSERT_FALSE(verdict.reason.empty());
    ASSERT_EQ(witness.objection(verdict.routes), nullptr) << "event " << i;
    if (never_withdraws(event) && before.any()) {
      ASSERT_EQ(before, verdict.routes) << "event " << i;
    }
    const auto* probed = std::get_if<Probed>(&event);
    if (probed != nullptr && probed->evidence == Evidence::Wrong) {
      ASSERT_TRUE(verdict.failed) << "event " << i;
    }
    edges.announced += !before.any() && verdict.routes.any();
    edges.withdrawn += before.any() && !verdict.routes.any();
  }
}

TEST(DecisionProperty, AMillionRandomSequences) {
  std::mt19937 random(20144);
  Edges edges;
  for (int i = 0; i < kSequences; ++i) {
    one_sequence(random, edges);
    if (HasFatalFailure()) FAIL() << "sequence " << i;
  }
  // The run has seen both: otherwise it would prove nothing.
  EXPECT_GT(edges.announced, kSequences / 10);
  EXPECT_GT(edges.withdrawn, kSequences / 20);
}

void answer_right(State& state, TimePoint now, int rounds) {
  for (int i = 0; i < rounds; ++i) {
    for (std::size_t target = 0; target < kTargets; ++target) {
      (void)step(state, Probed{target, Evidence::Right, ""}, policy(), now);
    }
  }
}

// From whatever state: healthy for longer than any hold-down is announced in the end.
TEST(DecisionProperty, HealthyForLongEnoughIsAlwaysAnnounced) {
  std::mt19937 random(7);
  for (int round = 0; round < 20'000; ++round) {
    State state(kTargets);
    TimePoint now = kStart;
    for (int i = 0; i < 100; ++i) {
      (void)step(state, random_event(random, 800), policy(), now += milliseconds(random() % 20));
    }
    for (const Event& over : {Event(Expiry{false, ""}), Event(WayOut{true, ""}), Event(Order{})}) {
      (void)step(state, over, policy(), now);
    }
    answer_right(state, now + policy().hold_down_max, policy().rise + 1);
    ASSERT_EQ(state.routes(), routes_of(Phase::Up, Overlay::None))
        << "round " << round << ": " << state.reason();
  }
}

// The worst that can be: right for just long enough, then wrong, for an hour. With the real hold-down it
// sees about one withdrawal a minute, and the few before it had grown.
TEST(DecisionProperty, FlapsPerHourAreBounded) {
  const Policy real;
  State state(1);
  int withdrawals = 0;
  for (TimePoint now = kStart; now < kStart + std::chrono::hours(1); now += milliseconds(100)) {
    const bool announced = state.routes().any();
    const Evidence evidence = announced ? Evidence::Wrong : Evidence::Right;
    withdrawals += announced;
    (void)step(state, Probed{0, evidence, "t"}, real, now);
  }
  EXPECT_GT(withdrawals, 10);
  EXPECT_LE(withdrawals, 66);
}

}  // namespace
}  // namespace imrs::health

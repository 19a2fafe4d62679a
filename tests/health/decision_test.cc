// The decision as a script of events, each with what must be so after it.
#include "health/decision.h"

#include <gtest/gtest.h>

#include <optional>
#include <vector>

namespace imrs::health {
namespace {

using std::chrono::milliseconds;

Policy policy() {
  Policy p;
  p.rise = 2;
  p.fall = 2;
  p.hold_down = milliseconds(1000);
  p.hold_down_max = milliseconds(4000);
  return p;
}

struct Line {
  int at_ms;
  Event event;
  Phase phase;
  bool announce;
  const char* reason = nullptr;  // substring
};

Event right(std::size_t target = 0) { return Probed{target, Evidence::Right, ""}; }
Event silent(std::size_t target = 0) { return Probed{target, Evidence::Silent, "udp"}; }
Event wrong(std::size_t target = 0) { return Probed{target, Evidence::Wrong, "udp"}; }
Event crowded() { return Probed{0, Evidence::CrowdedOut, "udp"}; }
Event unasked() { return Probed{0, Evidence::CouldNotAsk, "udp"}; }

void play(std::size_t targets, const std::vector<Line>& lines) {
  State state(targets);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const Line& line = lines[i];
    SCOPED_TRACE("line " + std::to_string(i));
    const Verdict verdict = step(state, line.event, policy(),
                                 TimePoint() + std::chrono::hours(1) + milliseconds(line.at_ms));
    EXPECT_EQ(to_string(verdict.phase), to_string(line.phase));
    EXPECT_EQ(verdict.routes.any(), line.announce);
    if (line.reason != nullptr) {
      EXPECT_NE(verdict.reason.find(line.reason), std::string::npos) << verdict.reason;
    }
  }
}

TEST(Decision, RisesAfterEnoughRightAnswersOfEveryTarget) {
  play(2, {{0, right(0), Phase::Rising, false},
           {1, right(0), Phase::Rising, false},
           {2, right(0), Phase::Rising, false},
           {3, right(1), Phase::Rising, false},
           {4, right(1), Phase::Up, true, "every target"}});
}

TEST(Decision, WrongWithdrawsAtOnceAndForgetsWhatWasRight) {
  play(1, {{0, right(), Phase::Rising, false},
           {1, right(), Phase::Rising, false},
           {2, right(), Phase::Up, true},
           {3, wrong(), Phase::Down, false, "wrong answer: udp"},
           {4, right(), Phase::Down, false},  // held down
           {1002, right(), Phase::Down, false},
           {1003, right(), Phase::Rising, false},
           {1004, wrong(), Phase::Down, false},
           {1005, right(), Phase::Rising, false},  // it was not announced: no new hold-down
           {1006, right(), Phase::Rising, false},
           {1007, right(), Phase::Up, true}});
}

TEST(Decision, SilenceHasToRepeat) {
  play(2, {{0, right(0), Phase::Rising, false},
           {1, right(0), Phase::Rising, false},
           {2, right(1), Phase::Rising, false},
           {3, right(0), Phase::Rising, false},
           {4, right(1), Phase::Up, true},
           {5, silent(0), Phase::Falling, true, "silent: udp"},
           {6, right(1), Phase::Falling, true},
           {7, right(0), Phase::Up, true},
           {8, silent(0), Phase::Falling, true},
           {9, silent(1), Phase::Falling, true},
           {10, silent(0), Phase::Down, false, "2 times in a row"}});
}

TEST(Decision, SilenceWhileRisingStartsAnew) {
  play(1, {{0, right(), Phase::Rising, false},
           {1, right(), Phase::Rising, false},
           {2, silent(), Phase::Down, false, "while rising"},
           {3, right(), Phase::Rising, false},
           {4, right(), Phase::Rising, false},
           {5, right(), Phase::Up, true}});
}

TEST(Decision, LoadAndOwnTroubleNeverWithdraw) {
  std::vector<Line> lines{
      {0, right(), Phase::Rising, false}, {1, right(), Phase::Rising, false}, {2, right(), Phase::Up, true}};
  for (int i = 3; i < 100; ++i) lines.push_back({i, i % 2 ? crowded() : unasked(), Phase::Up, true});
  play(1, lines);
}

TEST(Decision, ExpiryWithdrawsAndBlocksTheRise) {
  play(1, {{0, right(), Phase::Rising, false},
           {1, right(), Phase::Rising, false},
           {2, right(), Phase::Up, true},
           {3, Expiry{true, "signature ended"}, Phase::Down, false, "expired: signature ended"},
           {5000, right(), Phase::Down, false},
           {5001, Expiry{false, ""}, Phase::Down, false},
           {5002, right(), Phase::Rising, false}});
}

TEST(Decision, AnOrderToWithdrawHoldsWhateverTheEvidence) {
  play(1, {{0, right(), Phase::Rising, false},
           {1, right(), Phase::Rising, false},
           {2, right(), Phase::Up, true},
           {3, Order{Overlay::Withdraw, "operator"}, Phase::Up, false, "withdrawn: operator"},
           {4, right(), Phase::Up, false},
           {5, wrong(), Phase::Down, false},
           {2000, right(), Phase::Rising, false},
           {2001, right(), Phase::Rising, false},
           {2002, right(), Phase::Up, false},
           {2003, Order{}, Phase::Up, true, "every target"}});
}

TEST(Decision, WithoutAWayOutNothingIsAnnounced) {
  play(1, {{0, right(), Phase::Rising, false},
           {1, right(), Phase::Rising, false},
           {2, right(), Phase::Up, true},
           {3, WayOut{false, "no route"}, Phase::Down, false, "no way out: no route"},
           {1500, right(), Phase::Down, false},
           {1501, WayOut{true, ""}, Phase::Down, false},
           {1502, right(), Phase::Rising, false},
           {1503, right(), Phase::Rising, false},
           {1504, right(), Phase::Up, true}});
}

// Draining gives up the specific prefixes alone; a failed verdict takes the covering ones too.
TEST(Decision, TheTableOfRoutes) {
  const struct {
    Phase phase;
    Overlay overlay;
    Routes want;
  } cases[] = {
      {Phase::Down, Overlay::None, {false, false, false}},
      {Phase::Rising, Overlay::None, {false, false, false}},
      {Phase::Up, Overlay::None, {true, true, false}},
      {Phase::Falling, Overlay::None, {true, true, false}},
      {Phase::Up, Overlay::Drain, {true, true, true}},
      {Phase::Up, Overlay::Drained, {false, true, false}},
      {Phase::Falling, Overlay::Drained, {false, true, false}},
      {Phase::Down, Overlay::Drain, {false, false, false}},
      {Phase::Down, Overlay::Drained, {false, false, false}},
      {Phase::Rising, Overlay::Drained, {false, false, false}},
      {Phase::Up, Overlay::Withdraw, {false, false, false}},
      {Phase::Falling, Overlay::Withdraw, {false, false, false}},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(routes_of(c.phase, c.overlay), c.want) << to_string(c.phase) << " " << to_string(c.overlay);
  }
}

TEST(Decision, ADrainBringsNoSpecificPrefixBack) {
  for (const Overlay before : {Overlay::Drained, Overlay::Withdraw}) {
    State state(1);
    const TimePoint now = TimePoint() + std::chrono::hours(1);
    for (int i = 0; i < 3; ++i) (void)step(state, right(), policy(), now);
    (void)step(state, Order{before, "first"}, policy(), now);
    EXPECT_EQ(step(state, Order{Overlay::Drain, "second"}, policy(), now).routes,
              (Routes{false, true, false}));
    EXPECT_EQ(state.overlay(), Overlay::Drained);
  }
}

TEST(Decision, OrdersAreShownWithTheirReason) {
  State state(1);
  const auto reason = [&](const Event& event) {
    return step(state, event, policy(), TimePoint() + std::chrono::hours(1)).reason;
  };
  for (int i = 0; i < 3; ++i) (void)reason(right());
  EXPECT_EQ(reason(Order{Overlay::Drain, "new disks"}), "draining: new disks; every target answers right");
  EXPECT_EQ(reason(Order{Overlay::Drained, "new disks"}), "drained: new disks; every target answers right");
  EXPECT_EQ(reason(Order{Overlay::Withdraw, "moving"}), "withdrawn: moving");
  EXPECT_EQ(reason(Order{}), "every target answers right");
}

// The hold-down doubles with each flap up to its maximum: 1, 2, 4, 4 s.
TEST(Decision, HoldDownGrows) {
  State state(1);
  TimePoint now = TimePoint() + std::chrono::hours(1);
  const auto announce = [&](const Event& event) { return step(state, event, policy(), now).routes.any(); };
  for (const int hold_ms : {1000, 2000, 4000, 4000}) {
    for (int i = 0; i < 3; ++i) (void)announce(right());
    ASSERT_TRUE(state.routes().any());
    ASSERT_FALSE(announce(wrong()));
    now += milliseconds(hold_ms - 1);
    (void)announce(right());
    EXPECT_EQ(state.phase(), Phase::Down) << "hold-down of " << hold_ms << " ms ended early";
    now += milliseconds(1);
    (void)announce(right());
    EXPECT_EQ(state.phase(), Phase::Rising) << "hold-down of " << hold_ms << " ms";
    (void)announce(wrong());
  }
}

// Whoever answers wrong or never is told of, announced or not: otherwise it would never be replaced.
TEST(Decision, FailureIsToldInEveryPhase) {
  State state(1);
  const TimePoint now = TimePoint() + std::chrono::hours(1);
  const auto failed = [&](const Event& event) { return step(state, event, policy(), now).failed; };
  EXPECT_FALSE(failed(silent()));
  EXPECT_TRUE(failed(silent()));  // Down, twice in a row
  EXPECT_TRUE(failed(silent()));
  EXPECT_FALSE(failed(right()));
  EXPECT_TRUE(failed(wrong()));  // Rising
  EXPECT_TRUE(failed(wrong()));  // Down
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(failed(right()));
  EXPECT_FALSE(failed(crowded()));
  EXPECT_FALSE(failed(unasked()));
  EXPECT_FALSE(failed(silent()));  // Falling
  EXPECT_TRUE(failed(silent()));
}

TEST(Decision, AFamilyWithoutTargetsNeverAnnounces) {
  play(0, {{0, right(), Phase::Down, false}, {1, right(5), Phase::Down, false}});
}

TEST(Decision, AnUnknownTargetChangesNothing) {
  play(1, {{0, right(7), Phase::Down, false}, {1, wrong(7), Phase::Down, false, "no probe has passed"}});
}

}  // namespace
}  // namespace imrs::health

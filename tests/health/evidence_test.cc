// What a probe's outcome becomes: tests/health/evidence_test.cc holds health/evidence.cc.
#include "health/evidence.h"

#include <gtest/gtest.h>

namespace imrs::health {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct Case {
  const char* description;
  Outcome outcome;
  Pressure before, after;
  bool late;
  Evidence want;
};

constexpr Case kCases[] = {
    {"expected octets", Outcome::Matched, {1, 0}, {2, 0}, false, Evidence::Right},
    {"expected octets, noticed late", Outcome::Matched, {1, 0}, {2, 0}, true, Evidence::Right},
    {"other octets", Outcome::Differed, {1, 0}, {2, 0}, false, Evidence::Wrong},
    {"other octets under load", Outcome::Differed, {1, 0}, {2, 9}, true, Evidence::Wrong},
    {"own socket failed", Outcome::NotAsked, {1, 0}, {1, 0}, false, Evidence::CouldNotAsk},
    {"no answer, no load", Outcome::NoAnswer, {1, 0}, {5, 0}, false, Evidence::Silent},
    {"no answer, worker stands", Outcome::NoAnswer, {1, 0}, {1, 0}, false, Evidence::Silent},
    {"no answer, drops but the worker stands", Outcome::NoAnswer, {1, 0}, {1, 7}, false, Evidence::Silent},
    {"the same, and the probes' own queue is full",
     Outcome::NoAnswer,
     {1, 0},
     {1, 7, 7},
     false,
     Evidence::Silent},
    {"no answer, worker progressed and drops grew",
     Outcome::NoAnswer,
     {1, 3},
     {9, 4},
     false,
     Evidence::CrowdedOut},
    {"no answer, old drops only", Outcome::NoAnswer, {1, 3}, {9, 3}, false, Evidence::Silent},
    {"no answer, but this process was late", Outcome::NoAnswer, {1, 0}, {1, 0}, true, Evidence::CouldNotAsk},
};

TEST(Evidence, FollowsFromTheOutcome) {
  for (const Case& c : kCases) {
    EXPECT_EQ(Judge().judge(c.outcome, c.before, c.after, c.late, Judge::TimePoint()), c.want)
        << c.description;
  }
}

// A flood that does not end, one question every 200 ms.
class CrowdedOut : public testing::Test {
 protected:
  Evidence ask(Outcome outcome = Outcome::NoAnswer, std::uint64_t probe_drops = 0, bool late = false) {
    now_ += milliseconds(200);
    return judge_.judge(outcome, {.progress = 1, .drops = 10, .probe_drops = 0},
                        {.progress = 9, .drops = 20, .probe_drops = probe_drops}, late, now_);
  }
  // How many questions in a row are called so from now on; at most those of a minute.
  int in_a_row(Evidence evidence) {
    int row = 0;
    while (row < 300 && ask() == evidence) ++row;
    return row;
  }

  Judge judge_;
  Judge::TimePoint now_ = Judge::TimePoint() + std::chrono::hours(1);
};

constexpr int kMost = seconds(Judge::kCrowdedAtMost) / milliseconds(200);

TEST_F(CrowdedOut, NotForEver) {
  ask(Outcome::Matched);
  EXPECT_EQ(in_a_row(Evidence::CrowdedOut), kMost);
  EXPECT_EQ(in_a_row(Evidence::Silent), 300) << "until there is an answer";
}

TEST_F(CrowdedOut, FromTheVeryFirstQuestion) { EXPECT_EQ(in_a_row(Evidence::CrowdedOut), kMost + 1); }

TEST_F(CrowdedOut, AnAnswerNowAndThenIsEnough) {
  for (int i = 0; i < 20; ++i) {
    for (int question = 0; question < kMost; ++question) ASSERT_EQ(ask(), Evidence::CrowdedOut) << i;
    ASSERT_EQ(ask(Outcome::Matched), Evidence::Right);
  }
}

TEST_F(CrowdedOut, ForAsLongAsTheProbesOwnQueueIsFull) {
  for (int i = 0; i < 10 * kMost; ++i) ASSERT_EQ(ask(Outcome::NoAnswer, 1), Evidence::CrowdedOut) << i;
}

TEST_F(CrowdedOut, WhileNobodyCouldAskNoTimeIsCounted) {
  ask(Outcome::Matched);
  ask();
  for (int i = 0; i < 3 * kMost; ++i) ASSERT_EQ(ask(Outcome::NoAnswer, 0, true), Evidence::CouldNotAsk);
  for (int i = 0; i < 3 * kMost; ++i) ASSERT_EQ(ask(Outcome::NotAsked), Evidence::CouldNotAsk);
  EXPECT_EQ(in_a_row(Evidence::CrowdedOut), kMost - 1);
}

TEST_F(CrowdedOut, ATimeWithoutQuestionsIsNone) {
  ask(Outcome::Matched);
  now_ += std::chrono::seconds(60);
  EXPECT_EQ(in_a_row(Evidence::CrowdedOut), kMost - 4) << "of the minute one second is counted";
}

}  // namespace
}  // namespace imrs::health

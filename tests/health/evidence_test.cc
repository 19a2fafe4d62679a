// What a probe's outcome becomes: tests/health/evidence_test.cc holds health/evidence.cc.
#include "health/evidence.h"

#include <gtest/gtest.h>

namespace imrs::health {
namespace {

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
    {"no answer, worker idle", Outcome::NoAnswer, {1, 0}, {5, 0}, false, Evidence::Silent},
    {"no answer, worker stands", Outcome::NoAnswer, {1, 0}, {1, 0}, false, Evidence::Silent},
    {"no answer, drops but the worker stands", Outcome::NoAnswer, {1, 0}, {1, 7}, false, Evidence::Silent},
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
    EXPECT_EQ(judge(c.outcome, c.before, c.after, c.late), c.want) << c.description;
  }
}

}  // namespace
}  // namespace imrs::health

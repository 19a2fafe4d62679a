#include "agent/expiry.h"

#include <gmock/gmock.h>

#include <set>
#include <string>

namespace imrs::agent {
namespace {

constexpr auto kSoa = SharedCheck::SoaExpire;
constexpr auto kDates = SharedCheck::SignatureDates;

struct Case {
  const char* description;
  ZoneAge age;
  std::int64_t now;
  std::optional<SharedCheck> waived;
  const char* want;  // substring; null: good
};

constexpr Case kCases[] = {
    {"fresh", {1000, 604800, 900000, 0}, 1000, {}, nullptr},
    {"one second before the SOA's expire", {1000, 600, 900000, 0}, 1599, {}, nullptr},
    {"at the SOA's expire", {1000, 600, 900000, 0}, 1600, {}, "no primary has confirmed it for 600 s"},
    {"before this instance gives up", {1000, 600, 900000, 20}, 1579, {}, nullptr},
    {"this instance gives up", {1000, 600, 900000, 20}, 1580, {}, "no primary has confirmed it for 580 s"},
    {"one second before the first signature ends", {1000, 604800, 5000, 0}, 4999, {}, nullptr},
    {"the first signature has ended", {1000, 604800, 5000, 0}, 5000, {}, "first signature ended 0 s ago"},
    {"this instance gives up on the dates",
     {1000, 604800, 5000, 20},
     4980,
     {},
     "ends in 20 s, and this instance"},
    {"unsigned zones have no signature to end", {1000, 604800, 0, 20}, 500000, {}, nullptr},
    {"expire waived", {1000, 600, 900000, 0}, 1600, kSoa, nullptr},
    {"expire waived, signatures ended", {1000, 600, 1500, 0}, 1600, kSoa, "first signature ended 100 s ago"},
    {"dates waived", {1000, 604800, 5000, 0}, 5000, kDates, nullptr},
    {"dates waived, expired", {1000, 600, 1500, 0}, 1600, kDates, "SOA expire is 600 s"},
};

TEST(Expiry, ByRefreshAndBySignature) {
  for (const Case& c : kCases) {
    const auto got = expired(c.age, c.now, c.waived);
    EXPECT_EQ(got.has_value(), c.want != nullptr) << c.description;
    if (got && c.want != nullptr) {
      EXPECT_THAT(got->detail, testing::HasSubstr(c.want)) << c.description;
    }
  }
}

// A fleet does not give up at the same second.
TEST(Expiry, InstancesAreSpread) {
  constexpr std::uint32_t kWeek = 604800;
  std::set<std::int64_t> seen;
  for (int i = 0; i < 200; ++i) {
    const std::string identity = "aa" + std::to_string(i) + "-fr-par.l.example";
    const std::int64_t spread = spread_of(identity, kWeek);
    EXPECT_GE(spread, 0);
    EXPECT_LE(spread, 6 * 3600);
    EXPECT_EQ(spread, spread_of(identity, kWeek));
    seen.insert(spread / 600);  // in which ten minutes
  }
  EXPECT_GT(seen.size(), 30U);
  EXPECT_LE(spread_of("lab01", 600), 30);
  EXPECT_EQ(spread_of("lab01", 0), 0);
}

TEST(Expiry, AlarmsWhileThereIsTime) {
  constexpr std::int64_t kNow = 1'800'000'000, kHour = 3600;
  constexpr std::uint32_t kWeek = 604800;
  const struct {
    const char* description;
    ZoneAge age;
    const char* want;  // null: no alarm
  } cases[] = {
      {"fresh", {kNow, kWeek, kNow + 300 * kHour, 0}, nullptr},
      {"just before half of the expire", {kNow - kWeek / 2 + 1, kWeek, 0, 0}, nullptr},
      {"half of the expire", {kNow - kWeek / 2, kWeek, 0, 0}, "confirmed it for 84 h; it expires in 84 h"},
      {"expired", {kNow - kWeek, kWeek, 0, 0}, "expired: no primary has confirmed it"},
      {"signatures for three days", {kNow, kWeek, kNow + 72 * kHour, 0}, nullptr},
      {"signatures for less", {kNow, kWeek, kNow + 72 * kHour - 1, 0}, "its first signature ends in 71 h"},
      {"signatures ended", {kNow, kWeek, kNow, 0}, "expired: the first signature ended"},
      {"no signatures", {kNow, kWeek, 0, 0}, nullptr},
  };
  for (const auto& c : cases) {
    const auto alarm = expiry_alarm(c.age, kNow);
    EXPECT_EQ(alarm.has_value(), c.want != nullptr) << c.description;
    if (alarm && c.want != nullptr) {
      EXPECT_THAT(*alarm, testing::HasSubstr(c.want)) << c.description;
    }
  }
}

}  // namespace
}  // namespace imrs::agent

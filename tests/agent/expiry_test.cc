#include "agent/expiry.h"

#include <gmock/gmock.h>

namespace imrs::agent {
namespace {

struct Case {
  const char* description;
  ZoneAge age;
  std::int64_t now;
  const char* want;  // substring; null: good
};

constexpr Case kCases[] = {
    {"fresh", {1000, 604800, 900000}, 1000, nullptr},
    {"one second before the SOA's expire", {1000, 600, 900000}, 1599, nullptr},
    {"at the SOA's expire", {1000, 600, 900000}, 1600, "no primary has confirmed it for 600 s"},
    {"one second before the first signature ends", {1000, 604800, 5000}, 4999, nullptr},
    {"the first signature has ended", {1000, 604800, 5000}, 5000, "first signature ended 0 s ago"},
    {"unsigned zones have no signature to end", {1000, 604800, 0}, 500000, nullptr},
};

TEST(Expiry, ByRefreshAndBySignature) {
  for (const Case& c : kCases) {
    const auto got = expired(c.age, c.now);
    EXPECT_EQ(got.has_value(), c.want != nullptr) << c.description;
    if (got && c.want != nullptr) {
      EXPECT_NE(got->find(c.want), std::string::npos) << c.description << ": " << *got;
    }
  }
}

TEST(Expiry, AlarmsWhileThereIsTime) {
  constexpr std::int64_t kNow = 1'800'000'000, kHour = 3600;
  constexpr std::uint32_t kWeek = 604800;
  const struct {
    const char* description;
    ZoneAge age;
    const char* want;  // null: no alarm
  } cases[] = {
      {"fresh", {kNow, kWeek, kNow + 300 * kHour}, nullptr},
      {"just before half of the expire", {kNow - kWeek / 2 + 1, kWeek, 0}, nullptr},
      {"half of the expire", {kNow - kWeek / 2, kWeek, 0}, "confirmed it for 84 h; it expires in 84 h"},
      {"expired", {kNow - kWeek, kWeek, 0}, "expired: no primary has confirmed it"},
      {"signatures for three days", {kNow, kWeek, kNow + 72 * kHour}, nullptr},
      {"signatures for less", {kNow, kWeek, kNow + 72 * kHour - 1}, "its first signature ends in 71 h"},
      {"signatures ended", {kNow, kWeek, kNow}, "expired: the first signature ended"},
      {"no signatures", {kNow, kWeek, 0}, nullptr},
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

// When the wall clock is believed: at a start, when it is synchronised, and when it is stepped.
#include "agent/wall_clock.h"

#include <gmock/gmock.h>

#include <filesystem>

#include "tests/dns/zone/zone_files.h"

namespace imrs::agent {
namespace {

using testing::HasSubstr;

constexpr std::int64_t kNow = 1764150000;

struct Case {
  const char* description;
  WallClock wall;
  std::optional<std::int64_t> kept;
  std::int64_t want;
};

TEST(WallClock, WhatIsBelievedAtAStart) {
  const Case cases[] = {
      {"a new instance", {kNow, false}, {}, kNow},
      {"the clock went on while the power was off", {kNow, false}, kNow - 86400, kNow},
      {"the battery is empty: 1970", {3600, false}, kNow, kNow},
      {"synchronised, though what was kept is later: that was wrong", {kNow, true}, kNow + 9999999, kNow},
      {"synchronised", {kNow, true}, kNow - 10, kNow},
  };
  for (const Case& c : cases) {
    const WallClockWatch watch(c.wall, c.kept);
    EXPECT_NEAR(static_cast<double>(watch.clock().now()), static_cast<double>(c.want), 1) << c.description;
  }
}

TEST(WallClock, IsBelievedOnceWhenItIsSynchronisedAndItsStepsNeverAfterwards) {
  WallClockWatch watch({3600, false}, std::nullopt);
  const TrustedClock copy = watch.clock();
  EXPECT_FALSE(watch.look({kNow - 500, false})) << "a step that nobody vouches for";
  EXPECT_LT(copy.now(), 4000);
  EXPECT_TRUE(watch.look({kNow, true}));
  EXPECT_GE(copy.now(), kNow) << "copies are the same clock";
  EXPECT_FALSE(watch.look({kNow + 5000, true}));
  EXPECT_FALSE(watch.look({kNow - 5000, false}));
  EXPECT_FALSE(watch.look({kNow - 5000, true}));
  EXPECT_LT(copy.now(), kNow + 5);

  WallClockWatch from_the_start({kNow, true}, std::nullopt);
  EXPECT_FALSE(from_the_start.look({kNow + 5000, true}));
}

TEST(WallClock, AlarmsWhenItDisagrees) {
  const WallClockWatch kept({3600, false}, kNow);
  EXPECT_THAT(kept.alarm({3600, false}), HasSubstr("s behind the time that zones are judged by (which is"));
  EXPECT_EQ(kept.alarm({kNow + 30, false}), "");
  const WallClockWatch good({kNow, true}, {});
  EXPECT_EQ(good.alarm({kNow, true}), "");
  EXPECT_THAT(good.alarm({kNow + 3600, true}),
              HasSubstr("3600 s ahead of the time that zones are judged by;"));
}

TEST(WallClock, ReadsWhatWasWrittenDown) {
  const test::TempDir dir;
  const std::string state = dir.path("state");
  EXPECT_EQ(read_kept_time(state).error().code, Errc::Unavailable);
  std::filesystem::create_directories(state + "/zones");
  for (const auto& [text, want] : {std::pair("1764150000\n", kNow), {"0\n", std::int64_t{0}}}) {
    dir.write("state/zones/clock", text);
    EXPECT_EQ(read_kept_time(state).value(), want);
  }
  for (const char* text : {"", "\n", "x\n", "17641500OO\n", "-5\n", "99999999999999999999999\n", "1 2\n"}) {
    dir.write("state/zones/clock", text);
    auto got = read_kept_time(state);
    ASSERT_FALSE(got.ok()) << text;
    EXPECT_THAT(got.error().message, HasSubstr("does not hold a Unix time"));
  }
}

TEST(WallClock, TheSystemsOwn) {
  EXPECT_NEAR(static_cast<double>(read_wall_clock().time), static_cast<double>(::time(nullptr)), 2);
}

}  // namespace
}  // namespace imrs::agent

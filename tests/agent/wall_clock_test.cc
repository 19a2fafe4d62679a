// When the wall clock is believed: at a start, when it is synchronised, and when it is stepped.
#include "agent/wall_clock.h"

#include <gmock/gmock.h>

#include <filesystem>

#include "tests/dns/zone/zone_files.h"

namespace imrs::agent {
namespace {

using testing::HasSubstr;

constexpr std::int64_t kNow = 1764150000;
constexpr RootZone kFailing{.confirmed = 0, .failing = true};

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
      {"synchronised, and earlier than what was kept", {kNow, true}, kNow + 9999999, kNow + 9999999},
      {"synchronised", {kNow, true}, kNow - 10, kNow},
  };
  for (const Case& c : cases) {
    const WallClockWatch watch(c.wall, c.kept);
    EXPECT_NEAR(static_cast<double>(watch.clock().now()), static_cast<double>(c.want), 1) << c.description;
  }
}

TEST(WallClock, IsBelievedOnceWhenItIsSynchronisedAndItsStepsNotAtOnceAfterwards) {
  constexpr WallClockWatch::Moment kThen{};
  WallClockWatch watch({3600, false}, std::nullopt);
  const TrustedClock copy = watch.clock();
  EXPECT_FALSE(watch.look({kNow - 500, false}, kThen, kFailing)) << "a step that nobody vouches for";
  EXPECT_LT(copy.now(), 4000);
  EXPECT_FALSE(copy.synchronised());
  EXPECT_TRUE(watch.look({kNow, true}, kThen, kFailing));
  EXPECT_GE(copy.now(), kNow) << "copies are the same clock";
  EXPECT_TRUE(copy.synchronised());
  EXPECT_FALSE(watch.look({kNow + 5000, true}, kThen, kFailing));
  EXPECT_FALSE(watch.look({kNow - 5000, false}, kThen, kFailing));
  EXPECT_FALSE(watch.look({kNow - 5000, true}, kThen, kFailing));
  EXPECT_LT(copy.now(), kNow + 5);

  WallClockWatch from_the_start({kNow, true}, std::nullopt);
  EXPECT_FALSE(from_the_start.look({kNow + 5000, true}, kThen, kFailing));
}

TEST(WallClock, NeverTakesTheTrustedTimeBehindWhatWasKept) {
  WallClockWatch watch({kNow - 500, true}, kNow);
  EXPECT_FALSE(watch.clock().synchronised());
  EXPECT_THAT(watch.alarm({kNow - 500, true}),
              HasSubstr("earlier than the time kept on disk, and not taken"));
  EXPECT_FALSE(watch.look({kNow - 1, true}, {}, kFailing));
  EXPECT_GE(watch.clock().now(), kNow);
  EXPECT_TRUE(watch.look({kNow, true}, {}, kFailing)) << "as soon as it is not earlier any more";

  WallClockWatch stepped({kNow + 5000, true}, kNow);
  const WallClock earlier{kNow - 1, true};
  for (int minute = 0; minute < 300; ++minute) {
    EXPECT_FALSE(stepped.look(earlier, WallClockWatch::Moment{} + std::chrono::minutes(minute), kFailing));
  }
  EXPECT_GE(stepped.clock().now(), kNow + 5000);
}

// The trusted clock stands at kNow, by a time server that was wrong, and is looked at once a minute.
struct Dissent {
  const char* description;
  WallClock (*wall)(int minute);
  std::int64_t (*confirmed)(int minute);
  std::optional<int> taken;  // in which minute; none: not within three hours
};

constexpr auto kRightAgain = [](int) { return WallClock{kNow + 600, true}; };
constexpr auto kNever = [](int) { return std::int64_t{0}; };

TEST(WallClock, OneThatWasBelievedWronglyIsGivenUp) {
  const Dissent cases[] = {
      {"off by the same, and nobody has the zone any more", kRightAgain, kNever, 60},
      {"behind",
       [](int) {
         return WallClock{kNow - 600, true};
       },
       kNever, 60},
      {"the last confirmation was before", kRightAgain, [](int) { return kNow - 900; }, 60},
      {"a primary confirms", kRightAgain, [](int) { return kNow + 30; }, {}},
      {"a primary that had been silent confirms",
       kRightAgain,
       [](int minute) { return minute < 59 ? 0 : kNow + 30; },
       {}},
      {"not synchronised",
       [](int) {
         return WallClock{kNow + 600, false};
       },
       kNever,
       {}},
      {"not synchronised for a moment",
       [](int minute) {
         return WallClock{kNow + 600, minute != 30};
       },
       kNever, 91},
      {"stepped once more",
       [](int minute) {
         return WallClock{minute < 50 ? kNow + 600 : kNow + 900, true};
       },
       kNever, 110},
      {"stepped again and again",
       [](int minute) {
         return WallClock{kNow + 600 + 10 * minute, true};
       },
       kNever,
       {}},
      {"in step for a moment",
       [](int minute) {
         return WallClock{minute == 40 ? kNow : kNow + 600, true};
       },
       kNever, 101},
      {"so little that nothing fails",
       [](int) {
         return WallClock{kNow + 50, true};
       },
       kNever,
       {}},
  };
  for (const Dissent& c : cases) {
    WallClockWatch watch({kNow, true}, kNow - 86400);
    std::optional<int> taken;
    for (int minute = 0; minute < 180 && !taken; ++minute) {
      const auto now = WallClockWatch::Moment{} + std::chrono::minutes(minute);
      if (watch.look(c.wall(minute), now, {c.confirmed(minute), true})) taken = minute;
    }
    EXPECT_EQ(taken, c.taken) << c.description;
    const std::int64_t want = c.taken ? c.wall(*c.taken).time : kNow;
    EXPECT_NEAR(static_cast<double>(watch.clock().now()), static_cast<double>(want), 2) << c.description;
  }
}

// With a long refresh interval an hour without a confirmation is nothing.
TEST(WallClock, IsNotTakenWhileNoPrimaryFails) {
  WallClockWatch watch({kNow, true}, std::nullopt);
  for (int minute = 0; minute < 600; ++minute) {
    const auto now = WallClockWatch::Moment{} + std::chrono::minutes(minute);
    EXPECT_FALSE(watch.look({kNow + 600, true}, now, {.confirmed = 0, .failing = false})) << minute;
  }
}

TEST(WallClock, SaysWhyItWasSet) {
  TrustedClock clock(0, true);
  clock.set_now(kNow);
  WallClockWatch watch = WallClockWatch::adopt(clock, 0);
  const WallClock wall{kNow - 600, true};
  EXPECT_FALSE(watch.look(wall, {}, kFailing)) << "an agent before this one has believed it";
  const auto why = watch.look(wall, WallClockWatch::Moment{} + WallClockWatch::kProof, kFailing);
  ASSERT_TRUE(why);
  EXPECT_THAT(*why, testing::ContainsRegex("60[01] s behind the trusted time for an hour"));
  EXPECT_EQ(watch.alarm(wall), "");
}

TEST(WallClock, AlarmsWhenItDisagrees) {
  const WallClockWatch kept({3600, false}, kNow);
  EXPECT_THAT(kept.alarm({3600, false}), HasSubstr("s behind the time that zones are judged by (which is"));
  EXPECT_EQ(kept.alarm({kNow + 30, false}), "");
  const WallClockWatch good({kNow, true}, {});
  EXPECT_EQ(good.alarm({kNow, true}), "");
  EXPECT_THAT(good.alarm({kNow + 3600, true}),
              HasSubstr("3600 s ahead of the time that zones are judged by; it is synchronised, and taken"));
  EXPECT_THAT(good.alarm({kNow + 3600, false}), HasSubstr("judged by; is it synchronised?"));
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

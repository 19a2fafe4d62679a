// The ring that the charts are drawn from.
#include "agent/web/series.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>

namespace imrs::web {
namespace {

using testing::ElementsAre;
using testing::IsNan;

constexpr std::int64_t kStep = Series::kStep;
constexpr std::int64_t kStart = 1'795'521'600;  // 2026-11-24 12:00:00 UTC, a multiple of every step

// `count` points from kStart on; the value is the point's number.
Series counting(std::int64_t count) {
  Series series;
  for (std::int64_t i = 0; i < count; ++i) series.put(kStart + i * kStep, {{"a", static_cast<double>(i)}});
  return series;
}

TEST(Series, NothingIsKnownAtFirst) {
  const Window window = Series().window(3600);
  EXPECT_EQ(window.points, 0U);
  EXPECT_TRUE(window.series.empty());
  EXPECT_EQ(window.step, kStep) << "a chart divides by it";
}

TEST(Series, GivesTheLastSecondsThatAreAskedFor) {
  const Series series = counting(10);
  const Window window = series.window(30);
  EXPECT_EQ(window.start, kStart + 7 * kStep);
  EXPECT_EQ(window.step, kStep);
  EXPECT_EQ(window.points, 3U);
  EXPECT_THAT(window.series.at("a"), ElementsAre(7, 8, 9));
}

TEST(Series, GivesNoMoreThanItHas) {
  const Window window = counting(3).window(3600);
  EXPECT_EQ(window.start, kStart);
  EXPECT_THAT(window.series.at("a"), ElementsAre(0, 1, 2));
}

TEST(Series, ALengthThatCannotBeIsTheNextThatCan) {
  const Series series = counting(3);
  for (const std::int64_t seconds : {std::int64_t{-10}, std::int64_t{0}, std::int64_t{9}}) {
    EXPECT_THAT(series.window(seconds).series.at("a"), ElementsAre(2)) << seconds;
  }
  EXPECT_EQ(series.window(std::numeric_limits<std::int64_t>::max()).step, 6 * kStep) << "that of a day";
}

TEST(Series, WhatIsNotKnownIsNotANumber) {
  Series series;
  series.put(kStart, {{"a", 1}, {"b", 10}});
  series.put(kStart + 3 * kStep, {{"a", 4}, {"late", 7}});
  const Window window = series.window(100);
  EXPECT_EQ(window.points, 4U);
  EXPECT_THAT(window.series.at("a"), ElementsAre(1, IsNan(), IsNan(), 4));
  EXPECT_THAT(window.series.at("b"), ElementsAre(10, IsNan(), IsNan(), IsNan()));
  EXPECT_THAT(window.series.at("late"), ElementsAre(IsNan(), IsNan(), IsNan(), 7));
}

TEST(Series, AKnownNanIsNotAnAverage) {
  Series series;
  series.put(kStart, {{"a", std::numeric_limits<double>::quiet_NaN()}});
  series.put(kStart + kStep, {{"a", 4}});
  EXPECT_THAT(series.window(20).series.at("a"), ElementsAre(IsNan(), 4));
  EXPECT_THAT(series.window(86400).series.at("a"), ElementsAre(4)) << "of what is known";
}

TEST(Series, ATimeThatHasBeenIsIgnored) {
  Series series = counting(3);
  for (const std::int64_t time : {kStart + 2 * kStep, kStart + 2 * kStep + 9, kStart, kStart - 4 * kStep}) {
    series.put(time, {{"a", 99}, {"new", 99}});
  }
  const Window window = series.window(30);
  EXPECT_THAT(window.series.at("a"), ElementsAre(0, 1, 2));
  EXPECT_EQ(window.series.count("new"), 0U);
}

// It starts at boot a year ahead, and is set right.
TEST(Series, AfterAClockThatWasAheadItBeginsAnew) {
  Series series;
  series.put(kStart + 365 * 86400, {{"a", 7}});
  series.put(kStart, {{"a", 1}});
  series.put(kStart + kStep, {{"a", 2}});
  const Window window = series.window(86400);
  EXPECT_EQ(window.start, kStart / window.step * window.step);
  EXPECT_EQ(series.window(20).series.at("a"), (std::vector<float>{1, 2}));
}

TEST(Series, NeverMorePointsThanAChartCanShow) {
  const Series series = counting(static_cast<std::int64_t>(Series::kPoints) + 17);
  for (const std::int64_t seconds : {10, 3600, 14400, 14410, 28800, 28810, 43200, 86390, 86400, 1000000}) {
    const Window window = series.window(seconds);
    EXPECT_LE(window.points, Series::kMaxShown) << seconds;
    EXPECT_EQ(window.series.at("a").size(), window.points) << seconds;
    EXPECT_EQ(window.start % window.step, 0) << seconds;
    const std::int64_t end = window.start + static_cast<std::int64_t>(window.points) * window.step;
    EXPECT_GT(end, kStart + (static_cast<std::int64_t>(Series::kPoints) + 16) * kStep)
        << seconds << ": the newest point is left out";
  }
}

TEST(Series, AGroupIsTheAverageOfItsPoints) {
  const Series series = counting(8640);
  const Window window = series.window(86400);
  EXPECT_EQ(window.step, 60);
  ASSERT_EQ(window.points, 1440U);
  EXPECT_EQ(window.start, kStart);
  for (std::size_t i = 0; i < window.points; ++i) {
    ASSERT_FLOAT_EQ(window.series.at("a")[i], static_cast<float>(i) * 6 + 2.5F) << i;
  }
}

// Or a chart would tremble with each point.
TEST(Series, GroupsAreTheSameWheneverIsAsked) {
  Series series = counting(1000);
  const Window before = series.window(86400);
  series.put(kStart + 1000 * kStep, {{"a", 1000}});
  const Window after = series.window(86400);
  ASSERT_EQ(before.start, after.start);
  for (std::size_t i = 0; i + 1 < before.points; ++i) {
    ASSERT_FLOAT_EQ(before.series.at("a")[i], after.series.at("a")[i]) << i;
  }
  EXPECT_FLOAT_EQ(before.series.at("a").back(), (996 + 997 + 998 + 999) / 4.0F) << "as far as it is known";
}

TEST(Series, WhatIsADayOldIsForgotten) {
  const Series series = counting(8640 + 100);  // points 0..99 are gone; 96..101 share a group
  const Window window = series.window(86400);
  EXPECT_EQ(window.start, kStart + 1020) << "the day's groups end with the one of the newest point";
  EXPECT_FLOAT_EQ(window.series.at("a").front(), 104.5F);
  EXPECT_FLOAT_EQ(window.series.at("a").back(), (8736 + 8737 + 8738 + 8739) / 4.0F);
}

TEST(Series, APauseOfMoreThanADayLeavesNothingOfBefore) {
  for (const std::int64_t pause : {86400, 86410, 2 * 86400, 400 * 86400}) {
    Series series = counting(100);
    const std::int64_t end = kStart + 99 * kStep + pause;
    series.put(end, {{"a", 7}});
    const Window window = series.window(86400);
    const auto& shown = window.series.at("a");
    EXPECT_FLOAT_EQ(shown.back(), 7) << pause;
    for (std::size_t i = 0; i + 1 < shown.size(); ++i) ASSERT_TRUE(std::isnan(shown[i])) << pause << " " << i;
  }
}

TEST(Series, ANameTooManyIsLeftOut) {
  Series series;
  Values values;
  for (std::size_t i = 0; i <= Series::kMaxNames; ++i) values.emplace_back("name" + std::to_string(i), 1);
  series.put(kStart, values);
  values.back().second = values.front().second = 2;
  series.put(kStart + kStep, values);
  const Window window = series.window(20);
  EXPECT_EQ(window.series.size(), Series::kMaxNames);
  EXPECT_EQ(window.series.count("name" + std::to_string(Series::kMaxNames)), 0U);
  EXPECT_THAT(window.series.at("name0"), ElementsAre(1, 2)) << "those that are known go on";
}

}  // namespace
}  // namespace imrs::web

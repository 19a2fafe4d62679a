// What belongs to which day when the clock, the disk or imrs-web was not there all the time.
#include <gmock/gmock.h>

#include <filesystem>

#include "book_keeper.h"

namespace imrs::web {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

class DayBookClock : public BookKeeper {
 protected:
  DayBookClock() { std::filesystem::create_directory(folder()); }

  [[nodiscard]] std::string instance_file(std::int64_t day) const {
    return rssac002::instance_path(settings_.rssac002.prefix, day, settings_.identity);
  }
};

// A clock far ahead makes one day more, and costs none of those that were published.
TEST_F(DayBookClock, AClockThatJumpsFarAheadAndBackDeletesNoDay) {
  settings_.rssac002.keep_days = 400;
  start(kNoon);
  look(1, 10, kNoon);
  look(1, 20, kMidnight);
  ASSERT_TRUE(has(instance_file(kToday)));
  look(1, 30, kMidnight + 500 * kDayLength);
  look(1, 40, kMidnight + 5);
  EXPECT_TRUE(has(instance_file(kToday)));
  EXPECT_TRUE(has(instance_file(kToday + 1)));
}

TEST_F(DayBookClock, AsManyDaysStayAsAreToBeKept) {
  settings_.rssac002.keep_days = 3;
  start(kNoon);
  for (std::int64_t day = 0; day <= 6; ++day) look(1, 1, kNoon + day * kDayLength);
  for (std::int64_t day = 0; day < 6; ++day) EXPECT_EQ(has(instance_file(kToday + day)), day >= 3) << day;
}

// The disk is full at midnight, and not any more a minute later.
TEST_F(DayBookClock, ADayThatCannotBePublishedIsTriedAgain) {
  directory_.write("book/2026", "in the way");
  start(kNoon);
  look(1, 100, kNoon);
  look(1, 110, kMidnight);
  look(1, 120, kMidnight + DayBook::kSaveInterval);
  EXPECT_THAT(problems_, SizeIs(1)) << "said once";
  std::filesystem::remove(folder() + "/2026");
  look(1, 130, kMidnight + 2 * DayBook::kSaveInterval);
  ASSERT_TRUE(has(instance_file(kToday)));
  EXPECT_EQ(volume(published(kToday)).queries, 110U);
  for (const std::string_view metric : rssac002::kMetrics) EXPECT_TRUE(has(yaml_name(metric))) << metric;
}

// The state directory was deleted, or is new, under an agent that has counted for days.
TEST_F(DayBookClock, WhatWasCountedOnDaysBeforeIsNotThisDays) {
  begun_[1] = kNoon - 3 * kDayLength;
  start(kNoon);
  look(1, 1'000'000, kNoon);
  look(1, 1'000'007, kNoon + 1);
  EXPECT_EQ(queries(), 7U);
}

TEST_F(DayBookClock, NorIsItWithoutADirectory) {
  begun_[1] = kNoon - kDayLength;
  for (int restart = 0; restart < 2; ++restart) {
    book_.emplace(settings_, "", [](const Error&) {});
    book_->open(kNoon);
    look(1, 500, kNoon);
    EXPECT_EQ(queries(), 0U);
  }
}

// imrs-web was away over midnight, and so was the agent.
TEST_F(DayBookClock, CountsOfANewMemoryGoToTheDayItWasMade) {
  start(kNoon);
  look(1, 100, kNoon);
  book_->save(kNoon);
  begun_[2] = kMidnight + 10;
  start(kMidnight + 60);
  look(2, 9, kMidnight + 60);
  EXPECT_EQ(volume(published(kToday)).queries, 100U);
  EXPECT_EQ(queries(), 9U);
}

// The agent's first snapshot comes before the first look at the counts.
TEST_F(DayBookClock, ALoadBeforeTheFirstLookIsOfThatDay) {
  start(kNoon);
  book_->loaded(2026112401, 3);
  book_->sized(2026112401, 1234567);
  look(1, 1, kNoon);
  EXPECT_EQ(book_->today().load_seconds.at(2026112401), std::vector<std::uint32_t>{3});
  EXPECT_EQ(book_->today().zone_octets.at(2026112401), 1234567U);
}

TEST_F(DayBookClock, ALongIdentityHasAFileToo) {
  settings_.identity = std::string(63, 'a') + "." + std::string(63, 'b') + "." + std::string(63, 'c') + "." +
                       std::string(60, 'd');
  start(kNoon);
  look(1, 10, kNoon);
  look(1, 20, kMidnight);
  EXPECT_THAT(problems_, IsEmpty());
  EXPECT_EQ(volume(published(kToday)).queries, 20U);
  EXPECT_LT(instance_file(kToday).size(), 200U);  // as many as are served (book_files.cc)
}

}  // namespace
}  // namespace imrs::web

// The UTC day's counts over restarts, days and clocks. What a file can do to it is in day_book_files_test.cc.
#include <gmock/gmock.h>

#include "book_keeper.h"

namespace imrs::web {
namespace {

using testing::Contains;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

class DayBookTest : public BookKeeper {
 protected:
  DayBookTest() { std::filesystem::create_directory(folder()); }
};

TEST_F(DayBookTest, CountsWhatGrows) {
  start(kNoon);
  look(1, 1000, kNoon);
  EXPECT_EQ(queries(), 1000U);
  look(1, 1000, kNoon + 1);
  look(1, 1300, kNoon + 2);
  const rssac002::Volume& volume = BookKeeper::volume(book_->today());
  EXPECT_EQ(volume.queries, 1300U);
  EXPECT_EQ(volume.responses, 1300U);
  EXPECT_EQ(volume.rcodes[3], 1300U);
  EXPECT_EQ(volume.query_sizes[2], 1300U);
  EXPECT_EQ(volume.response_sizes[40], 1300U);
  EXPECT_EQ(book_->today().day, kToday);
  EXPECT_THAT(problems_, IsEmpty());
}

TEST_F(DayBookTest, ARestartLosesNothingAndCountsNothingTwice) {
  start(kNoon);
  look(1, 1000, kNoon);       // is saved
  look(1, 2000, kNoon + 30);  // is not
  start(kNoon + 40);          // after a crash
  EXPECT_EQ(queries(), 1000U);
  look(1, 3000, kNoon + 41);
  EXPECT_EQ(queries(), 3000U);
  book_->save(kNoon + 50);  // an ordinary end
  for (int i = 0; i < 3; ++i) {
    start(kNoon + 60 + i);
    look(1, 3000, kNoon + 60 + i);
    EXPECT_EQ(queries(), 3000U) << i;
  }
  EXPECT_EQ(volume(book_->today()).rcodes[3], 3000U);
  EXPECT_THAT(problems_, IsEmpty());
}

TEST_F(DayBookTest, AnAgentThatStartedAnewGoesOn) {
  start(kNoon);
  look(1, 1000, kNoon);
  look(2, 10, kNoon + 1);
  EXPECT_EQ(queries(), 1010U);
  look(2, 1500, kNoon + 2);  // more than the first had, and still another's
  EXPECT_EQ(queries(), 2500U);
  book_->save(kNoon + 3);
  start(kNoon + 4);
  look(2, 1600, kNoon + 4);
  EXPECT_EQ(queries(), 2600U);
}

TEST_F(DayBookTest, BothStartedAnew) {
  start(kNoon);
  look(1, 1000, kNoon);
  start(kNoon + 5);
  look(2, 2000, kNoon + 5);
  EXPECT_EQ(queries(), 3000U);
}

TEST_F(DayBookTest, ADayThatIsOverIsPublished) {
  start(kNoon);
  look(1, 1000, kNoon);
  look(1, 1500, kMidnight - 1);
  book_->loaded(2026112401, 3);
  book_->sized(2026112401, 1'300'000);
  look(1, 1600, kMidnight);  // what came in the last second
  EXPECT_EQ(queries(), 0U);
  EXPECT_EQ(book_->today().day, kToday + 1);
  look(1, 1650, kMidnight + 1);
  EXPECT_EQ(queries(), 50U);

  std::vector<std::string> wanted{"today.json", "2026/11/instance/l-root-20261124-fra02.l.example.json"};
  for (const std::string_view metric : rssac002::kMetrics) wanted.push_back(yaml_name(metric));
  EXPECT_EQ(wanted.size(), 8U);
  for (std::string& name : wanted) name = "book/" + name;
  EXPECT_THAT(directory_.files(), testing::UnorderedElementsAreArray(wanted));

  const rssac002::Day day = published(kToday);
  EXPECT_EQ(volume(day).queries, 1600U);
  EXPECT_THAT(day.instances, ElementsAre("fra02.l.example"));
  const auto yaml = [&](const char* metric) { return directory_.read("book/" + yaml_name(metric)); };
  EXPECT_THAT(yaml("traffic-volume"), HasSubstr("service: l.root-servers.net\n"));
  EXPECT_THAT(yaml("traffic-volume"), HasSubstr("start-period: 2026-11-24T00:00:00Z\n"));
  EXPECT_THAT(yaml("traffic-volume"), HasSubstr("dns-udp-queries-received-ipv4: 1600\n"));
  EXPECT_THAT(yaml("rcode-volume"), HasSubstr("\n3: 1600\n"));
  EXPECT_THAT(yaml("traffic-sizes"), HasSubstr("  32-47: 1600\n"));
  EXPECT_THAT(yaml("load-time"), HasSubstr("  2026112401: 3\n"));
  EXPECT_THAT(yaml("zone-size"), HasSubstr("  2026112401: 1300000\n"));
  EXPECT_THAT(problems_, IsEmpty());
}

TEST_F(DayBookTest, ADayThatWasLeftUnfinishedIsFinished) {
  start(kNoon);
  look(1, 1000, kNoon);
  start(kMidnight + 3600);
  EXPECT_EQ(book_->today().day, kToday) << "it is not known yet what is to be added";
  look(1, 1200, kMidnight + 3600);
  EXPECT_EQ(volume(published(kToday)).queries, 1200U);
  EXPECT_EQ(queries(), 0U);
  look(1, 1201, kMidnight + 3601);
  EXPECT_EQ(queries(), 1U);
}

// Killed between publishing and saving: today.json still is of the day before.
TEST_F(DayBookTest, ADayThatIsPublishedTwiceHasGoneOn) {
  start(kNoon);
  look(1, 1000, kNoon);
  const std::string before = directory_.read("book/today.json");
  look(1, 1100, kMidnight);
  directory_.write("book/today.json", before);
  start(kMidnight + 1);
  look(1, 1150, kMidnight + 1);
  EXPECT_EQ(volume(published(kToday)).queries + queries(), 1150U) << "nothing is lost or counted twice";
}

TEST_F(DayBookTest, AClockThatGoesBackADayAndForth) {
  start(kNoon);
  look(1, 100, kNoon);
  look(1, 150, kNoon - kDayLength);
  EXPECT_EQ(book_->today().day, kToday - 1);
  look(1, 170, kNoon - kDayLength + 1);
  look(1, 200, kNoon + 2);
  EXPECT_EQ(book_->today().day, kToday);
  look(1, 230, kNoon + 3);
  EXPECT_EQ(queries(), 180U) << "goes on with what was published";
  look(1, 240, kMidnight);
  const std::uint64_t all = volume(published(kToday)).queries + volume(published(kToday - 1)).queries;
  EXPECT_EQ(all, 240U) << "nothing is lost or counted twice";
  EXPECT_THAT(problems_, IsEmpty());
}

TEST_F(DayBookTest, NothingIsBookedBeforeTheClockIsSet) {
  start(5);
  look(1, 100, 5);
  look(1, 200, 86405);
  EXPECT_THAT(directory_.files(), IsEmpty());
  EXPECT_THAT(asked_, IsEmpty());
  EXPECT_EQ(book_->today().day, 0);
  book_->save(90000);
  EXPECT_THAT(directory_.files(), IsEmpty()) << "there is no day to be saved";
  look(1, 300, kNoon);
  EXPECT_EQ(queries(), 300U) << "it belongs to the day it turns out to be";
  look(1, 310, 5);  // and back
  EXPECT_EQ(book_->today().day, kToday);
  look(1, 320, kNoon + 1);
  EXPECT_EQ(queries(), 320U);
  EXPECT_FALSE(has("1970"));
}

TEST_F(DayBookTest, SavesWithinTheIntervalAndNotAllTheTime) {
  start(kNoon);
  look(1, 1, kNoon);
  EXPECT_EQ(book_->last_write(), kNoon);
  look(1, 2, kNoon + DayBook::kSaveInterval - 1);
  EXPECT_EQ(book_->last_write(), kNoon);
  look(1, 3, kNoon + DayBook::kSaveInterval);
  EXPECT_EQ(book_->last_write(), kNoon + DayBook::kSaveInterval);
}

// A power cut costs at most kSaveInterval, whatever the clock does.
TEST_F(DayBookTest, SavesWithinTheIntervalAfterTheClockWentBackWithinTheDay) {
  start(kNoon);
  look(1, 1, kNoon);
  const std::int64_t set_back = kNoon - 3600;
  for (std::int64_t passed = 0; passed <= DayBook::kSaveInterval; ++passed) look(1, 2, set_back + passed);
  start(set_back + DayBook::kSaveInterval + 1);  // after a power cut
  EXPECT_EQ(queries(), 2U) << "what was counted a minute ago had not been saved";
}

TEST_F(DayBookTest, SourcesAreThoseOfTheDay) {
  counts::LiveSketch some{};
  for (std::uint64_t i = 1; i <= 1000; ++i) some.add(counts::mix(i));
  sources_.ipv4.merge(some);
  start(kNoon);
  look(1, 1, kNoon);
  look(1, 2, kMidnight + 5);
  EXPECT_THAT(asked_, Each(kToday)) << "the new one's are asked for when it is saved";
  EXPECT_NEAR(published(kToday).sources.ipv4.estimate(), 1000, 20);
  EXPECT_EQ(published(kToday).source_key_id, 7U);
  EXPECT_EQ(book_->today().sources.ipv4.estimate(), 0);
  asked_.clear();
  look(1, 3, kMidnight + 5 + DayBook::kSaveInterval);
  EXPECT_THAT(asked_, ElementsAre(kToday + 1));
}

// The engine's memory of before is gone with the agent; what was saved is merged with what there is now.
TEST_F(DayBookTest, SourcesOutliveTheAgent) {
  counts::LiveSketch some{}, others{};
  for (std::uint64_t i = 1; i <= 1000; ++i) some.add(counts::mix(i));
  for (std::uint64_t i = 501; i <= 1500; ++i) others.add(counts::mix(i));
  sources_.ipv4.merge(some);
  start(kNoon);
  look(1, 1, kNoon);
  start(kNoon + 1);
  sources_ = {};
  sources_.ipv4.merge(others);
  look(2, 1, kMidnight);
  EXPECT_NEAR(published(kToday).sources.ipv4.estimate(), 1500, 30);
}

// Hashes by two keys cannot be told apart: the union would be made up.
TEST_F(DayBookTest, SourcesOfAnotherKeyAreNotMerged) {
  counts::LiveSketch some{};
  for (std::uint64_t i = 1; i <= 1000; ++i) some.add(counts::mix(i));
  sources_.ipv4.merge(some);
  start(kNoon);
  look(1, 1000, kNoon);
  settings_.source_key_id = 8;
  sources_ = {};
  start(kNoon + 1);
  look(1, 1100, kNoon + 1);
  EXPECT_EQ(book_->today().sources.ipv4.estimate(), 0);
  EXPECT_EQ(queries(), 1100U) << "the counts have no key";
  look(1, 1100, kMidnight);
  EXPECT_EQ(published(kToday).source_key_id, 8U);
}

TEST_F(DayBookTest, LoadsAndSizesOutliveARestart) {
  start(kNoon);
  look(1, 1, kNoon);
  book_->loaded(2026112400, 7);
  book_->sized(2026112400, 99);
  book_->save(kNoon + 1);
  start(kNoon + 2);
  EXPECT_THAT(book_->today().load_seconds.at(2026112400), ElementsAre(7U));
  EXPECT_EQ(book_->today().zone_octets.at(2026112400), 99U);
  look(1, 1, kMidnight);
  EXPECT_THAT(book_->today().load_seconds, IsEmpty());
}

TEST_F(DayBookTest, OldDaysGo) {
  settings_.rssac002.keep_days = 2;
  const auto day_file = [&](std::int64_t day) {
    return "book/" + rssac002::instance_path("l-root", day, "fra02.l.example");
  };
  for (std::int64_t age = 1; age <= 4; ++age) directory_.write(day_file(kToday - age), "{}");
  rssac002::Day old;
  old.prefix = "l-root";
  old.day = kToday - 400;
  directory_.write("book/" + rssac002::yaml_path(old, "load-time"), "---\n");
  const std::vector<std::string> foreign{"book/2026/other-20200101-x.json", "book/notes.txt",
                                         "book/l-root-2020-01-01.json", "book/l-root-20201341-x.json"};
  for (const std::string& name : foreign) directory_.write(name, "");
  start(kNoon);
  look(1, 1, kNoon);
  EXPECT_EQ(directory_.has(day_file(kToday - 4)), true) << "only when a day is over";
  look(1, 1, kMidnight);
  EXPECT_TRUE(directory_.has(day_file(kToday)));
  EXPECT_TRUE(directory_.has(day_file(kToday - 1)));
  EXPECT_FALSE(directory_.has(day_file(kToday - 2))) << "two are kept, and the newest are there";
  EXPECT_FALSE(directory_.has(day_file(kToday - 3)));
  EXPECT_FALSE(directory_.has(day_file(kToday - 4)));
  EXPECT_FALSE(directory_.has("book/" + rssac002::yaml_path(old, "load-time")));
  for (const std::string& name : foreign) EXPECT_TRUE(directory_.has(name)) << name << " is not ours";
  EXPECT_THAT(problems_, IsEmpty());
}

TEST(DayBook, WithoutADirectoryItOnlyCounts) {
  DayBook book(WebSettings{}, "", [](const Error& error) { ADD_FAILURE() << error.message; });
  book.open(kNoon);
  const auto none = [](std::int64_t) { return counts::Sources(); };
  book.look(counted(1, 5, kNoon), none, kNoon);
  EXPECT_EQ(book.today().volumes[0][0].queries, 5U);
  book.look(counted(1, 8, kNoon), none, kMidnight);
  book.look(counted(1, 9, kNoon), none, kMidnight + 1);
  EXPECT_EQ(book.today().volumes[0][0].queries, 1U);
  book.save(kMidnight + 2);
  EXPECT_EQ(book.last_write(), 0) << "never";
}

}  // namespace
}  // namespace imrs::web

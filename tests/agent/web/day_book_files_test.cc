// What a file, or a directory, can do to the day book: it says so once, and counts on.
#include <gmock/gmock.h>

#include "book_keeper.h"

namespace imrs::web {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class DayBookFiles : public BookKeeper {
 protected:
  // today.json after noon with 1000 queries.
  std::string good_file() {
    start(kNoon);
    look(1, 1000, kNoon);
    return directory_.read("book/today.json");
  }
};

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const std::size_t at = text.find(from);
  if (at == std::string::npos) std::abort();  // a test that changes nothing proves nothing
  return text.replace(at, from.size(), to);
}

TEST_F(DayBookFiles, ABrokenFileIsReportedAndCountingGoesOn) {
  std::filesystem::create_directory(folder());
  const std::string good = good_file();
  const std::pair<const char*, std::string> cases[] = {
      {"empty", ""},
      {"a power cut's zeros", std::string(4096, '\0')},
      {"truncated", good.substr(0, good.size() / 2)},
      {"truncated by an octet", good.substr(0, good.rfind('}'))},
      {"no object", "null"},
      {"an array", "[]"},
      {"nothing in it", "{}"},
      {"no epoch", replaced(good, "\"epoch\"", "\"epcoh\"")},
      {"an epoch that is a text", replaced(good, "\"epoch\": 1", "\"epoch\": \"1\"")},
      {"another version", replaced(good, "\"version\": 1", "\"version\": 2")},
      {"a day that is none", replaced(good, "\"20261124\"", "\"20261324\"")},
      {"a sketch that is short", replaced(good, "00000000\"", "0000\"")},
      {"a sketch that cannot be", replaced(good, "00000000\"", "0000000~\"")},
      {"a code that cannot be", replaced(good, "\"3\": 1000", "\"333\": 1000")},
      {"a negative index", replaced(good, "\"3\": 1000", "\"-3\": 1000")},
      {"octets that are no text", replaced(good, "l-root", "\xff\xfe")},
  };
  for (const auto& [what, content] : cases) {
    directory_.write("book/today.json", content);
    problems_.clear();
    start(kNoon + 10);
    ASSERT_THAT(problems_, ElementsAre(AllOf(HasSubstr(folder() + "/today.json"), HasSubstr("begin anew"))))
        << what;
    EXPECT_EQ(queries(), 0U) << what << ": half of it was taken";
    EXPECT_EQ(book_->today().service, "l.root-servers.net") << what;
    look(2, 30, kNoon + 10);
    look(2, 40, kNoon + 10 + DayBook::kSaveInterval);
    start(kNoon + 100);
    EXPECT_EQ(queries(), 40U) << what;
    EXPECT_THAT(problems_, SizeIs(1)) << what;
  }
}

TEST_F(DayBookFiles, NoFileYetIsNoProblem) {
  std::filesystem::create_directory(folder());
  start(kNoon);
  look(1, 1, kNoon);
  EXPECT_THAT(problems_, IsEmpty());
}

// Opening it succeeds, reading it does not: as of a disk that fails.
TEST_F(DayBookFiles, AFileThatCannotBeReadIsReportedAndCountingGoesOn) {
  std::filesystem::create_directories(folder() + "/today.json");
  ASSERT_NO_THROW(start(kNoon));
  EXPECT_THAT(problems_, ElementsAre(HasSubstr("today.json")));
  ASSERT_NO_THROW(look(1, 1, kNoon));
  EXPECT_EQ(queries(), 1U);
}

TEST_F(DayBookFiles, AFileThatCannotBeOpenedIsReportedAndCountingGoesOn) {
  std::filesystem::create_directory(folder());
  std::filesystem::create_symlink("today.json", folder() + "/today.json");  // for root too
  start(kNoon);
  EXPECT_THAT(problems_, ElementsAre(HasSubstr("today.json")))
      << "what was in it is about to be written over";
  look(1, 1, kNoon);
  EXPECT_EQ(queries(), 1U);
}

TEST_F(DayBookFiles, APublishedDayThatCannotBeReadIsBegunAnew) {
  const std::string name = "book/" + rssac002::instance_path("l-root", kToday + 1, settings_.identity);
  for (const char* content : {"", "{", "null"}) {
    directory_.write(name, content);
    std::filesystem::remove(folder() + "/today.json");
    start(kNoon);
    look(1, 10, kNoon);
    look(1, 20, kMidnight);
    look(1, 25, kMidnight + 1);
    EXPECT_EQ(queries(), 5U) << content;
  }
}

TEST_F(DayBookFiles, APublishedDayThatIsAFolderIsBegunAnew) {
  std::filesystem::create_directories(folder() + "/" +
                                      rssac002::instance_path("l-root", kToday + 1, settings_.identity));
  start(kNoon);
  look(1, 10, kNoon);
  ASSERT_NO_THROW(look(1, 20, kMidnight));
  look(1, 25, kMidnight + 1);
  EXPECT_EQ(queries(), 5U);
}

// The day's counts begin anew; they do not begin with those of days that have been published.
TEST_F(DayBookFiles, WhatWasPublishedIsNotCountedAgainAfterABrokenFile) {
  std::filesystem::create_directory(folder());
  start(kNoon);
  look(1, 1000, kNoon);
  look(1, 1000, kMidnight);
  look(1, 1005, kMidnight + 1);
  directory_.write("book/today.json", "");
  start(kMidnight + 2);
  look(1, 1010, kMidnight + 2);
  look(1, 1020, kMidnight + 3);
  EXPECT_LE(queries(), 20U) << "1000 of them are in the file of the day before";
  EXPECT_GE(queries(), 10U);
}

// Root may write everywhere, so something else is in the way.
TEST_F(DayBookFiles, ADirectoryThatCannotBeWrittenIsReportedOnce) {
  directory_.write("book", "a file");
  start(kNoon);
  for (int i = 0; i < 5; ++i)
    look(1, 100 * static_cast<std::uint64_t>(i), kNoon + i * DayBook::kSaveInterval);
  EXPECT_THAT(problems_, ElementsAre(AllOf(HasSubstr("RSSAC002"), HasSubstr(folder()))));
  EXPECT_EQ(queries(), 400U);
  EXPECT_EQ(book_->last_write(), 0);

  std::filesystem::remove(folder());
  std::filesystem::create_directory(folder());
  look(1, 500, kNoon + 600);
  EXPECT_EQ(book_->last_write(), kNoon + 600);
  std::filesystem::remove_all(folder());
  look(1, 600, kNoon + 700);
  look(1, 700, kNoon + 800);
  EXPECT_THAT(problems_, SizeIs(2)) << "it is another one";
  EXPECT_EQ(queries(), 700U);
}

TEST_F(DayBookFiles, AYearThatCannotBeMadeIsReportedAndTheNextDayIsCounted) {
  directory_.write("book/2026", "a file");
  start(kNoon);
  look(1, 100, kNoon);
  look(1, 110, kMidnight);
  EXPECT_THAT(problems_, ElementsAre(HasSubstr(folder() + "/2026")));
  look(1, 130, kMidnight + 1);
  EXPECT_EQ(queries(), 20U);
  EXPECT_EQ(book_->last_write(), kMidnight) << "today.json can be written";
}

TEST_F(DayBookFiles, NothingTemporaryIsLeft) {
  std::filesystem::create_directory(folder());
  start(kNoon);
  for (int i = 0; i < 4; ++i) look(1, 1, kNoon + i * DayBook::kSaveInterval);
  EXPECT_THAT(directory_.files(), ElementsAre("book/today.json"));
}

}  // namespace
}  // namespace imrs::web

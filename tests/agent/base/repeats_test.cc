// What is left out of the log when a line comes again and again, and when the log says so.
#include "agent/base/repeats.h"

#include <gmock/gmock.h>

namespace imrs {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

const Repeats::TimePoint kStart{seconds(1000)};

// Logs it that many times, all at `now`; how many were written.
int written(Repeats& repeats, int times, std::string_view text, Repeats::TimePoint now,
            LogLevel level = LogLevel::Info) {
  int count = 0;
  for (int i = 0; i < times; ++i) count += repeats.judge(level, text, now).write ? 1 : 0;
  return count;
}

std::vector<std::string> counts(Repeats& repeats, Repeats::TimePoint now, std::string_view text = "else") {
  std::vector<std::string> out;
  for (const auto& count : repeats.judge(LogLevel::Info, text, now).before) out.push_back(count.text);
  return out;
}

// A word of letters for each number.
std::string word(int number) {
  std::string out;
  for (; number > 0 || out.empty(); number /= 26) out += static_cast<char>('a' + number % 26);
  return out;
}

TEST(Repeats, FiveAreWrittenInTenSeconds) {
  Repeats repeats;
  EXPECT_EQ(written(repeats, 3, "down", kStart), 3);
  EXPECT_EQ(written(repeats, 9, "down", kStart + milliseconds(9999)), 2);
}

TEST(Repeats, TheCountComesWithTheNextLineAfterTheWindow) {
  Repeats repeats;
  (void)written(repeats, 12, "down", kStart);
  EXPECT_THAT(counts(repeats, kStart + milliseconds(9999)), IsEmpty());
  EXPECT_THAT(counts(repeats, kStart + seconds(10)),
              ElementsAre("(the line \"down\" came 7 times more in the last 10 s)"));
  EXPECT_THAT(counts(repeats, kStart + seconds(11)), IsEmpty());
}

TEST(Repeats, TheSameLineMayBringItsOwnCount) {
  Repeats repeats;
  (void)written(repeats, 6, "down", kStart);
  const auto verdict = repeats.judge(LogLevel::Info, "down", kStart + seconds(10));
  EXPECT_TRUE(verdict.write);
  EXPECT_EQ(verdict.before.size(), 1U);
}

TEST(Repeats, ACountThatComesLateSaysSo) {
  Repeats repeats;
  (void)written(repeats, 6, "down", kStart);
  EXPECT_THAT(counts(repeats, kStart + seconds(3610)),
              ElementsAre("(the line \"down\" came 1 times more within 10 s, 3600 s ago)"));
}

TEST(Repeats, NothingLeftOutIsNoCount) {
  Repeats repeats;
  (void)written(repeats, 5, "down", kStart);
  EXPECT_THAT(counts(repeats, kStart + seconds(10)), IsEmpty());
}

TEST(Repeats, DigitsMakeNoDifference) {
  Repeats repeats;
  EXPECT_EQ(written(repeats, 5, "pid=9 ended: 7", kStart), 5);
  EXPECT_EQ(written(repeats, 1, "pid=1044 ended: 12", kStart), 0);
  EXPECT_EQ(written(repeats, 1, "pid= ended: 12", kStart), 1);
  EXPECT_EQ(written(repeats, 1, "pid=9 ended:  7", kStart), 1);
  EXPECT_THAT(counts(repeats, kStart + seconds(10)),
              ElementsAre("(the line \"pid=9 ended: 7\" came 1 times more in the last 10 s)"));
}

TEST(Repeats, EachLevelHasItsOwnAndErrorsRepeatToo) {
  Repeats repeats;
  EXPECT_EQ(written(repeats, 9, "down", kStart, LogLevel::Error), 5);
  EXPECT_EQ(written(repeats, 9, "down", kStart, LogLevel::Warning), 5);
  const auto verdict = repeats.judge(LogLevel::Info, "else", kStart + seconds(10));
  ASSERT_EQ(verdict.before.size(), 2U);
  EXPECT_EQ(verdict.before[0].level, LogLevel::Error);
  EXPECT_EQ(verdict.before[1].level, LogLevel::Warning);
}

TEST(Repeats, CountsComeInTheOrderTheirWindowsBegan) {
  Repeats repeats;
  (void)written(repeats, 6, "one", kStart);
  (void)written(repeats, 7, "two", kStart + seconds(1));
  (void)written(repeats, 6, "three", kStart + seconds(5));
  EXPECT_THAT(counts(repeats, kStart + seconds(12)),
              ElementsAre("(the line \"one\" came 1 times more in the last 10 s)",
                          "(the line \"two\" came 2 times more in the last 10 s)"));
}

TEST(Repeats, ALongTextIsKnownWholeAndQuotedInPart) {
  Repeats repeats;
  const std::string text(100000, 'x');
  EXPECT_EQ(written(repeats, 6, text, kStart), 5);
  EXPECT_EQ(written(repeats, 6, text + "y", kStart), 5);
  EXPECT_THAT(counts(repeats, kStart + seconds(10)),
              testing::Each("(the line \"" + std::string(Repeats::kQuoted, 'x') +
                            "...\" came 1 times more in the last 10 s)"));
}

TEST(Repeats, WithAFullTableTheOldestThatIsQuietGivesWay) {
  Repeats repeats;
  (void)written(repeats, 8, "loud", kStart);
  for (int i = 0; i < 500; ++i) EXPECT_EQ(written(repeats, 1, "once " + word(i), kStart), 1) << i;
  EXPECT_EQ(written(repeats, 1, "loud", kStart), 0);
  EXPECT_EQ(written(repeats, 9, "late", kStart), 5);
  EXPECT_EQ(written(repeats, 9, "once a", kStart), 5);  // forgotten meanwhile
}

TEST(Repeats, WithAFullTableOfLoudOnesTheRestIsWritten) {
  Repeats repeats;
  for (std::size_t i = 0; i < Repeats::kTexts; ++i) {
    EXPECT_EQ(written(repeats, 6, "loud " + word(static_cast<int>(i)), kStart), 5);
  }
  EXPECT_EQ(written(repeats, 20, "late", kStart), 20);
  EXPECT_EQ(counts(repeats, kStart + seconds(10)).size(), Repeats::kTexts);
  EXPECT_EQ(written(repeats, 20, "late", kStart + seconds(10)), 5);
}

}  // namespace
}  // namespace imrs

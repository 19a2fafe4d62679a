// Serial arithmetic and the refresh timer.
#include "dns/transfer/timers.h"

#include <gtest/gtest.h>

#include "dns/transfer/serial.h"

namespace imrs::transfer {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct SerialCase {
  const char* description;
  std::uint32_t candidate, current;
  SerialOrder want;
};

TEST(Serial, FollowsRfc1982) {
  const SerialCase cases[] = {
      {"equal", 5, 5, SerialOrder::Equal},
      {"one more", 6, 5, SerialOrder::Newer},
      {"one less", 5, 6, SerialOrder::Older},
      {"round the end", 0, 0xffffffff, SerialOrder::Newer},
      {"round the end, backwards", 0xffffffff, 0, SerialOrder::Older},
      {"largest step", 0x7fffffff, 0, SerialOrder::Newer},
      {"largest step, over the end", 0x7ffffffe, 0xffffffff, SerialOrder::Newer},
      {"half way is undefined", 0x80000000, 0, SerialOrder::Undefined},
      {"half way is undefined, the other way", 0, 0x80000000, SerialOrder::Undefined},
      {"half way is undefined, elsewhere", 0x80000064, 100, SerialOrder::Undefined},
      {"one beyond half way", 0x80000001, 0, SerialOrder::Older},
      {"plain '<' would be wrong", 1, 0xfffffff0, SerialOrder::Newer},
      {"dates", 2026112400, 2026112302, SerialOrder::Newer},
  };
  for (const SerialCase& c : cases) {
    EXPECT_EQ(compare_serials(c.candidate, c.current), c.want) << c.description;
  }
}

struct TimerCase {
  const char* description;
  RefreshTimes times;
  std::optional<seconds> configured;
  int failures;  // 0: a success
  milliseconds longest, shortest;
};

milliseconds wait(const TimerCase& c, double random) {
  return c.failures == 0 ? after_success(c.times, c.configured, random)
                         : after_failure(c.times, c.configured, c.failures, random);
}

TEST(Timers, KeepToTheSoaAndToTheConfiguration) {
  const RefreshTimes root{1800, 900};
  const TimerCase cases[] = {
      {"root, refresh", root, {}, 0, seconds(1800), seconds(1620)},
      {"root, first failure", root, {}, 1, seconds(900), seconds(675)},
      {"root, second failure", root, {}, 2, seconds(1800), seconds(1350)},
      {"root, many failures: no longer than the refresh", root, {}, 50, seconds(1800), seconds(1350)},
      {"configured", root, seconds(5), 0, seconds(5), milliseconds(4500)},
      {"configured, failure", root, seconds(5), 1, seconds(5), milliseconds(3750)},
      {"configured, failures: up to a minute", root, seconds(5), 9, seconds(60), seconds(45)},
      {"a SOA of zeros", {0, 0}, {}, 0, seconds(30), seconds(27)},
      {"a SOA of zeros, failure", {0, 0}, {}, 1, seconds(10), milliseconds(7500)},
      {"a SOA of years", {0xffffffff, 0xffffffff}, {}, 0, seconds(86400), seconds(77760)},
      {"a SOA of years, failure", {0xffffffff, 0xffffffff}, {}, 3, seconds(86400), seconds(64800)},
      {"configured to nothing", root, seconds(0), 0, seconds(1), milliseconds(900)},
  };
  for (const TimerCase& c : cases) {
    SCOPED_TRACE(c.description);
    EXPECT_EQ(wait(c, 0.0), c.longest);
    EXPECT_NEAR(static_cast<double>(wait(c, 1.0).count()), static_cast<double>(c.shortest.count()), 1);
    EXPECT_GT(wait(c, 0.5), wait(c, 0.9));
  }
}

TEST(Timers, TheFirstLoadIsTriedSoonAndOften) {
  EXPECT_EQ(after_first_failure(1, 0.0), seconds(1));
  EXPECT_EQ(after_first_failure(2, 0.0), seconds(2));
  EXPECT_EQ(after_first_failure(7, 0.0), seconds(60));
  EXPECT_EQ(after_first_failure(1000000, 0.0), seconds(60));
  EXPECT_EQ(after_first_failure(1, 1.0), milliseconds(750));
}

}  // namespace
}  // namespace imrs::transfer

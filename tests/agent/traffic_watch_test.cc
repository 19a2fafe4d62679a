// When silence, or a kernel that takes no answers, is worth an alarm.
#include "agent/traffic_watch.h"

#include <gmock/gmock.h>

namespace imrs::agent {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr TrafficWatch::TimePoint kStart{std::chrono::hours(1)};

TEST(TrafficWatch, SilenceIsOddAfterTraffic) {
  TrafficWatch watch;
  watch.look(5000, 0, true, kStart);
  watch.look(5000, 0, true, kStart + seconds(59));
  EXPECT_THAT(watch.alarms(kStart + seconds(59)), IsEmpty());
  EXPECT_THAT(watch.alarms(kStart + seconds(60)), ElementsAre(HasSubstr("no query has come for 60 s")));
  watch.look(5001, 0, true, kStart + seconds(61));
  EXPECT_THAT(watch.alarms(kStart + seconds(61)), IsEmpty());
}

TEST(TrafficWatch, SilenceIsNotOddWhileNothingIsAnnouncedOrNobodyEverAsked) {
  TrafficWatch watch;
  watch.look(5000, 0, false, kStart);
  EXPECT_THAT(watch.alarms(kStart + seconds(600)), IsEmpty());
  watch.look(5000, 0, true, kStart + seconds(600));  // announced again: it takes a moment to come
  EXPECT_THAT(watch.alarms(kStart + seconds(659)), IsEmpty());
  TrafficWatch fresh;
  fresh.look(TrafficWatch::kBusy - 1, 0, true, kStart);
  EXPECT_THAT(fresh.alarms(kStart + seconds(600)), IsEmpty());
}

// As after an upgrade in place: the counts go on.
TEST(TrafficWatch, WhatWasCountedBeforeTheFirstLookIsNoNews) {
  TrafficWatch watch;
  watch.look(5000, 7, true, kStart);
  EXPECT_THAT(watch.alarms(kStart), IsEmpty());
  watch.look(5001, 8, true, kStart + seconds(1));
  EXPECT_THAT(watch.alarms(kStart + seconds(1)), ElementsAre(HasSubstr("(8 so far)")));
}

TEST(TrafficWatch, ResponsesThatAreNotTakenAreToldForAMinute) {
  TrafficWatch watch;
  watch.look(1, 0, true, kStart);
  EXPECT_THAT(watch.alarms(kStart), IsEmpty());
  watch.look(2, 7, true, kStart);
  EXPECT_THAT(watch.alarms(kStart + seconds(59)), ElementsAre(HasSubstr("(7 so far)")));
  EXPECT_THAT(watch.alarms(kStart + seconds(60)), IsEmpty());
}

}  // namespace
}  // namespace imrs::agent

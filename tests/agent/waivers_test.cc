// What the operator may let pass, and for how long.
#include "agent/waivers.h"

#include <gmock/gmock.h>

namespace imrs::agent {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::int64_t kNow = 1'800'000'000;
constexpr auto kSoa = SharedCheck::SoaExpire;
constexpr auto kDates = SharedCheck::SignatureDates;

TEST(Waivers, HoldUntilTheirTimeAndAreLoud) {
  Waivers waivers;
  EXPECT_EQ(waivers.waived(kNow), std::nullopt);
  EXPECT_THAT(waivers.alarms(kNow), IsEmpty());
  ASSERT_TRUE(waivers.waive(kSoa, kNow + 60, kNow));
  EXPECT_EQ(waivers.waived(kNow + 59), kSoa);
  EXPECT_THAT(waivers.alarms(kNow), ElementsAre(HasSubstr("soa-expire is WAIVED by the operator until "
                                                          "2027-01-15T08:01:00Z")));
  EXPECT_EQ(waivers.waived(kNow + 60), std::nullopt);
  EXPECT_THAT(waivers.alarms(kNow + 60), IsEmpty());
}

TEST(Waivers, AreRefusedWhereTheyWouldForceTooMuch) {
  Waivers waivers;
  EXPECT_THAT(waivers.waive(kSoa, kNow, kNow).error().message, HasSubstr("passed already"));
  EXPECT_THAT(waivers.waive(kSoa, kNow + Waivers::kLongest + 1, kNow).error().message,
              HasSubstr("at most seven days"));
  ASSERT_TRUE(waivers.waive(kSoa, kNow + 60, kNow));
  EXPECT_THAT(waivers.waive(kDates, kNow + 60, kNow).error().message, HasSubstr("one is at a time"));
  EXPECT_EQ(waivers.waived(kNow), kSoa);
  ASSERT_TRUE(waivers.waive(kSoa, kNow + 120, kNow));  // prolonged
  EXPECT_EQ(waivers.waived(kNow + 119), kSoa);
  waivers.end(kSoa);
  EXPECT_TRUE(waivers.waive(kDates, kNow + 60, kNow));
}

TEST(Waivers, OfOrdersFromBeforeAStart) {
  StandingOrders orders;
  EXPECT_EQ(waived_by(orders, kNow), std::nullopt);
  orders.waived = {{"signature-dates", kNow}, {"nonsense", kNow + 60}, {"soa-expire", kNow + 60}};
  EXPECT_EQ(waived_by(orders, kNow), kSoa);
  EXPECT_EQ(waived_by(orders, kNow + 60), std::nullopt);
}

}  // namespace
}  // namespace imrs::agent

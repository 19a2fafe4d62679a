// The time limit of withdrawals, by a clock of our own.
#include "bgp/withdrawal.h"

#include <gtest/gtest.h>

namespace imrs::bgp {
namespace {

using std::chrono::milliseconds;
constexpr Withdrawal::TimePoint kStart{std::chrono::hours(1)};

TEST(Withdrawal, IsLateOnceAndThenConfirmed) {
  Withdrawal withdrawal(milliseconds(500));
  EXPECT_FALSE(withdrawal.pending());
  withdrawal.begin(kStart);
  EXPECT_EQ(withdrawal.deadline(), kStart + milliseconds(500));
  EXPECT_FALSE(withdrawal.expire(kStart + milliseconds(499)));
  EXPECT_TRUE(withdrawal.expire(kStart + milliseconds(500)));
  EXPECT_FALSE(withdrawal.expire(kStart + milliseconds(501)));
  EXPECT_TRUE(withdrawal.pending());
  EXPECT_EQ(withdrawal.deadline(), std::nullopt);
  EXPECT_TRUE(withdrawal.confirm());
  EXPECT_FALSE(withdrawal.pending());
  EXPECT_FALSE(withdrawal.confirm());
}

TEST(Withdrawal, ConfirmedInTimeIsNeverLate) {
  Withdrawal withdrawal(milliseconds(500));
  withdrawal.begin(kStart);
  EXPECT_FALSE(withdrawal.confirm());
  EXPECT_FALSE(withdrawal.expire(kStart + milliseconds(1000)));
}

TEST(Withdrawal, ASecondOneDoesNotProlongTheFirst) {
  Withdrawal withdrawal(milliseconds(500));
  withdrawal.begin(kStart);
  withdrawal.begin(kStart + milliseconds(400));
  EXPECT_TRUE(withdrawal.expire(kStart + milliseconds(500)));
  withdrawal.begin(kStart + milliseconds(600));
  EXPECT_FALSE(withdrawal.expire(kStart + milliseconds(2000)));
}

TEST(Withdrawal, EachOneHasItsOwnLimit) {
  Withdrawal withdrawal(milliseconds(500));
  withdrawal.begin(kStart);
  EXPECT_FALSE(withdrawal.confirm());
  withdrawal.begin(kStart + milliseconds(1000));
  EXPECT_FALSE(withdrawal.expire(kStart + milliseconds(1100)));
  EXPECT_TRUE(withdrawal.expire(kStart + milliseconds(1500)));
}

}  // namespace
}  // namespace imrs::bgp

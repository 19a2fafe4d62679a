// The time limit of withdrawals, by a clock of our own.
#include "bgp/withdrawal.h"

#include <gtest/gtest.h>

namespace imrs::bgp {
namespace {

using std::chrono::milliseconds;
using Stage = Withdrawal::Stage;
constexpr Withdrawal::TimePoint kStart{std::chrono::hours(1)};

TEST(Withdrawal, IsLateOnceFailsOnceAndIsThenConfirmed) {
  Withdrawal withdrawal(milliseconds(500), milliseconds(1000));
  EXPECT_FALSE(withdrawal.pending());
  withdrawal.begin(kStart);
  EXPECT_EQ(withdrawal.deadline(), kStart + milliseconds(500));
  EXPECT_EQ(withdrawal.expire(kStart + milliseconds(499)), std::nullopt);
  EXPECT_EQ(withdrawal.expire(kStart + milliseconds(500)), Stage::Late);
  EXPECT_EQ(withdrawal.expire(kStart + milliseconds(501)), std::nullopt);
  EXPECT_EQ(withdrawal.deadline(), kStart + milliseconds(1000));
  EXPECT_EQ(withdrawal.expire(kStart + milliseconds(1000)), Stage::Failed);
  EXPECT_EQ(withdrawal.expire(kStart + milliseconds(1001)), std::nullopt);
  EXPECT_TRUE(withdrawal.pending());
  EXPECT_EQ(withdrawal.deadline(), std::nullopt);
  EXPECT_TRUE(withdrawal.confirm());
  EXPECT_FALSE(withdrawal.pending());
  EXPECT_FALSE(withdrawal.confirm());
}

TEST(Withdrawal, AnotherBirdHasItsOwnTimeToFail) {
  Withdrawal withdrawal(milliseconds(500), milliseconds(1000));
  withdrawal.begin(kStart);
  (void)withdrawal.expire(kStart + milliseconds(500));
  withdrawal.begin_anew(kStart + milliseconds(600));  // it has not failed yet: the first start counts
  EXPECT_EQ(withdrawal.expire(kStart + milliseconds(1000)), Stage::Failed);
  withdrawal.begin_anew(kStart + milliseconds(2000));
  EXPECT_EQ(withdrawal.expire(kStart + milliseconds(2999)), std::nullopt);
  EXPECT_EQ(withdrawal.expire(kStart + milliseconds(3000)), Stage::Failed);
  EXPECT_TRUE(withdrawal.confirm());
}

TEST(Withdrawal, ConfirmedInTimeIsNeverLate) {
  Withdrawal withdrawal(milliseconds(500), milliseconds(1000));
  withdrawal.begin(kStart);
  EXPECT_FALSE(withdrawal.confirm());
  EXPECT_EQ(withdrawal.expire(kStart + milliseconds(1000)), std::nullopt);
}

TEST(Withdrawal, ASecondOneDoesNotProlongTheFirst) {
  Withdrawal withdrawal(milliseconds(500), milliseconds(1000));
  withdrawal.begin(kStart);
  withdrawal.begin(kStart + milliseconds(400));
  EXPECT_EQ(withdrawal.expire(kStart + milliseconds(500)), Stage::Late);
  withdrawal.begin(kStart + milliseconds(600));
  EXPECT_EQ(withdrawal.expire(kStart + milliseconds(1000)), Stage::Failed);
}

TEST(Withdrawal, EachOneHasItsOwnLimit) {
  Withdrawal withdrawal(milliseconds(500), milliseconds(1000));
  withdrawal.begin(kStart);
  EXPECT_FALSE(withdrawal.confirm());
  withdrawal.begin(kStart + milliseconds(1000));
  EXPECT_EQ(withdrawal.expire(kStart + milliseconds(1100)), std::nullopt);
  EXPECT_EQ(withdrawal.expire(kStart + milliseconds(1500)), Stage::Late);
}

}  // namespace
}  // namespace imrs::bgp

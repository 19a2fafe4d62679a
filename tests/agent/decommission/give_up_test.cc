// A decommissioning that is not gone on with.
#include <gmock/gmock.h>

#include "agent/decommission/execute.h"
#include "tests/support/temp_directory.h"

namespace imrs::decommission {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class GivingUp : public testing::Test {
 protected:
  Result<void> run() {
    Hands hands;
    hands.say = [](const std::string&) {};
    hands.enable = [this](const std::string& unit) -> Result<void> {
      if (unit == stuck_) return Error{Errc::Refused, unit + " stays disabled"};
      enabled_.push_back(unit);
      return {};
    };
    return give_up(journal_, directory_.path("journal"), hands);
  }

  test::TempDirectory directory_;
  Journal journal_;
  std::string stuck_;
  std::vector<std::string> enabled_;
};

TEST_F(GivingUp, EnablesAllAndForgets) {
  ASSERT_TRUE(save_journal(journal_, directory_.path("journal")));
  ASSERT_TRUE(run());
  EXPECT_THAT(enabled_, ElementsAre("imrs-recover.path", "imrs-agent.service", "imrs-bird.service",
                                    "imrs-firewall.service", "imrs-tuning.service"));
  EXPECT_FALSE(directory_.has("journal"));
}

TEST_F(GivingUp, IsDoneAgainIfSomethingWasInTheWay) {
  journal_.done = {{"stop imrs-agent.service", 1, ""}, {"stop imrs-bird.service", 1, ""}};
  ASSERT_TRUE(save_journal(journal_, directory_.path("journal")));
  stuck_ = "imrs-firewall.service";
  const auto done = run();
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error().message, HasSubstr("stays disabled"));
  EXPECT_TRUE(directory_.has("journal"));
  stuck_ = "";
  EXPECT_TRUE(run());
  EXPECT_FALSE(directory_.has("journal"));
}

TEST_F(GivingUp, NotOnceItErases) {
  journal_.done = {{kInventoryStep, 1, ""}};
  ASSERT_TRUE(save_journal(journal_, directory_.path("journal")));
  const auto done = run();
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error().message, HasSubstr("has begun to erase"));
  EXPECT_THAT(enabled_, IsEmpty());
  EXPECT_TRUE(directory_.has("journal"));
}

}  // namespace
}  // namespace imrs::decommission

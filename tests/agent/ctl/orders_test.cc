// What imrsctl asks for, and what it keeps.
#include "agent/ctl/orders.h"

#include <gmock/gmock.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "agent/snapshot/standing_orders.h"

namespace imrs::ctl {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

TEST(CtlOrders, TheRequestNamesWhatIsMeant) {
  EXPECT_EQ(*overlay_request("drain", {}, ""), R"({"do":"drain"})");
  EXPECT_EQ(*overlay_request("drain", {"v4"}, "x"), R"({"do":"drain","family":"ipv4","reason":"x"})");
  EXPECT_EQ(*overlay_request("resume", {"ipv6", "host6"}, ""),
            R"({"do":"resume","family":"ipv6","neighbour":"host6"})");
  EXPECT_THAT(overlay_request("drain", {"host4", "host6"}, "").error().message, HasSubstr("one neighbour"));
  EXPECT_THAT(overlay_request("drain", {"v4", "v6"}, "").error().message, HasSubstr("one family"));
}

TEST(CtlOrders, TimesAreAbsoluteOrFromNowOn) {
  constexpr std::int64_t kNow = 1'800'000'000;
  EXPECT_EQ(*parse_until("2027-01-15T08:00:00Z", kNow), kNow);
  EXPECT_EQ(*parse_until("+90m", kNow), kNow + 5400);
  EXPECT_EQ(*parse_until("+2h", kNow), kNow + 7200);
  EXPECT_EQ(*parse_until("+3d", kNow), kNow + 259200);
  for (const char* bad : {"", "+", "+h", "+0h", "+-1h", "+1", "+1w", "+1hh", "+999999999m", "tomorrow",
                          "2027-01-15", "2027-01-15T08:00:00", "2027-01-15T08:00:00Zz"}) {
    EXPECT_FALSE(parse_until(bad, kNow)) << bad;
  }
}

class KeptAnswer : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "imrs-ctl-XXXXXX").string();
    directory_ = ::mkdtemp(name.data());
    config_ = directory_ + "/agent.json";
    fs::create_directories(state());
    std::ofstream(config_) << nlohmann::json{{"state_directory", state()}};
  }
  void TearDown() override { fs::remove_all(directory_); }

  [[nodiscard]] std::string state() const { return directory_ + "/state"; }

  static std::string answer(const StandingOrders& orders) {
    return nlohmann::json{{"text", "done"}, {"stands", to_json(orders)}}.dump();
  }

  std::string directory_, config_, warning_;
  const StandingOrders orders_{
      .start = "a1b2", .number = 2, .overlaid = {{"host4", "withdraw", "x"}}, .waived = {}};
};

TEST_F(KeptAnswer, IsKeptWhereTheConfigurationSays) {
  const auto done = take_answer(answer(orders_), config_, warning_);
  ASSERT_TRUE(done);
  EXPECT_EQ(*done, "done");
  EXPECT_EQ(warning_, "");
  EXPECT_EQ(*read_standing_orders(state()), orders_);
}

// Whoever has taken the agent over must not have root write what and where he wants.
TEST_F(KeptAnswer, ALyingAgentGetsNothingElseWritten) {
  const std::string victim = directory_ + "/authorized_keys";
  const nlohmann::json old{{"text", "done"}, {"keep", {{"file", victim}, {"content", "ssh-ed25519 AAAA"}}}};
  EXPECT_TRUE(take_answer(old.dump(), config_, warning_));
  const nlohmann::json other{{"text", "done"}, {"stands", "ssh-ed25519 AAAA"}};
  EXPECT_TRUE(take_answer(other.dump(), config_, warning_));
  EXPECT_THAT(warning_, HasSubstr("it will end with the agent's next start: not standing orders"));
  EXPECT_FALSE(fs::exists(victim));
  EXPECT_TRUE(fs::is_empty(state()));
}

TEST_F(KeptAnswer, WithoutAPlaceTheOrderHoldsAndThatIsSaid) {
  for (const char* config : {"{}", "{", R"({"state_directory": "state"})", R"({"state_directory": ""})"}) {
    std::ofstream(config_) << config;
    warning_.clear();
    EXPECT_TRUE(take_answer(answer(orders_), config_, warning_)) << config;
    EXPECT_THAT(warning_, HasSubstr("it will end with the agent's next start: " + config_)) << config;
  }
  EXPECT_TRUE(take_answer(answer(orders_), config_ + ".none", warning_));
  EXPECT_THAT(warning_, HasSubstr("agent.json.none"));
  EXPECT_TRUE(fs::is_empty(state()));
}

TEST_F(KeptAnswer, RefusalsAndNonsenseAreErrors) {
  EXPECT_EQ(take_answer(R"({"error": "no"})", config_, warning_).error().message, "no");
  for (const char* bad : {"", "[]", "{}", R"({"text": 1})", R"({"text": "a", "stands": 1})"}) {
    EXPECT_FALSE(take_answer(bad, config_, warning_)) << bad;
  }
}

}  // namespace
}  // namespace imrs::ctl

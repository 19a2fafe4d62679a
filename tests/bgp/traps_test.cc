// What BIRD 2.0.12 does that an agent has to know: a test for each of the ten things that were measured.
#include "bgp/bird_config.h"
#include "bgp/control.h"
#include "real_bird.h"
#include "speaker_fixture.h"

namespace imrs::bgp::test {
namespace {

namespace asio = boost::asio;
using testing::AllOf;
using testing::Contains;
using testing::Each;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class BirdTraps : public SpeakerTest {
 protected:
  // Five times on and off.
  void toggle() {
    for (int i = 0; i < 5; ++i) {
      announce(nothing());
      ASSERT_TRUE(run_until_settled());
      announce(ipv4());
      ASSERT_TRUE(run_until_settled());
    }
  }
};

// A connection for each command costs ten times as long.
TEST_F(BirdTraps, T01KeepOneConnectionOpen) {
  start_announcing();
  toggle();
  EXPECT_EQ(bird.connections, 1);
}

// A command followed at once by close() may be dropped unread.
TEST_F(BirdTraps, T02ReadTheReplyBeforeClosing) {
  bird.trickles = true;  // the reply takes its time
  start_announcing();
  toggle();
  EXPECT_EQ(bird.connections, 1);
  EXPECT_TRUE(announcing());
}

// 4095 octets without a line end hang BIRD for ever; nothing longer than 900 is sent at all.
TEST_F(BirdTraps, T03NeverManyOctetsWithoutALineEnd) {
  std::optional<Result<Reply>> answer;
  asio::co_spawn(
      io,
      [&]() -> asio::awaitable<void> {
        auto control = co_await Control::open(settings.control_socket, milliseconds(500));
        if (!control) co_return;
        auto reply = co_await control->ask(std::string(Control::kMaxCommand + 1, 'x'));
        answer = std::move(reply);
      },
      asio::detached);
  ASSERT_TRUE(run_until([&] { return answer.has_value(); }));
  EXPECT_FALSE(*answer);
  EXPECT_THAT(bird.commands, IsEmpty());
}

// A burst of 1024 octets makes BIRD drop the connection: one command at a time.
TEST_F(BirdTraps, T04LittleInFlight) {
  start_announcing();
  toggle();
  EXPECT_EQ(bird.pipelined, 0);
  EXPECT_GT(bird.commands.size(), 50U);
}

// `configure`, also an operator's, puts all protocols back to what the file says: disabled.
TEST_F(BirdTraps, T05ConfigureWithdrawsEverything) {
  start_announcing();
  bird.configure();
  ASSERT_FALSE(announcing());
  EXPECT_TRUE(run_until([&] { return announcing(); }));
  EXPECT_TRUE(run_until_settled());
}

// Up to 3 s on pending work; any command wakes it.
TEST_F(BirdTraps, T06BirdSleepsOnPendingWork) {
  bird.sessions["host4"].state = "Connect";
  start_announcing();
  bird.commands.clear();
  run_for(milliseconds(400));
  EXPECT_THAT(bird.commands, Contains("show protocols"));
  EXPECT_GE(bird.commands.size(), 8U) << "20 times a second while a session comes up";
}

// A killed agent tells BIRD nothing: every route goes by the device that dies with it, and is checked for it.
TEST_F(BirdTraps, T07AKilledAgentWithdrawsNothingItself) {
  const std::string text = bird_config(example_config());
  std::size_t protocols = 0;
  for (std::size_t at = text.find("protocol static"); at != std::string::npos;
       at = text.find("protocol static", at + 1)) {
    const std::string block = text.substr(at, text.find("\n}\n", at) - at);
    EXPECT_THAT(block, AllOf(HasSubstr("disabled;"), HasSubstr("check link yes;"),
                             HasSubstr("via \"anycast0\""), Not(HasSubstr("blackhole"))));
    ++protocols;
  }
  EXPECT_EQ(protocols, 6U);
}

// A restarted BIRD has everything disabled, and its old socket refuses.
TEST_F(BirdTraps, T08BirdComesBackWithEverythingDisabled) {
  start_announcing();
  bird.stop();
  ASSERT_TRUE(run_until([&] { return !speaker->observed().connected; }));
  bird.start();
  ASSERT_TRUE(bird.none_enabled());
  EXPECT_TRUE(run_until_settled());
  EXPECT_TRUE(announcing());
}

// The kernel accepts for it: the greeting and each reply have a time limit.
TEST_F(BirdTraps, T09AStoppedBirdAcceptsConnections) {
  bird.greets = false;
  start();
  ASSERT_TRUE(run_until([&] { return !speaker->observed().error.empty(); }));
  EXPECT_THAT(speaker->observed().error, HasSubstr("no greeting within"));
  EXPECT_FALSE(speaker->observed().connected);
}

// With a password, a refused connection, a wrong password and a dead host all look like this.
TEST_F(BirdTraps, T10AWrongPasswordLeavesNoWord) {
  bird.sessions["host4"] = {"Connect", "", "", false};
  start_announcing();
  EXPECT_EQ(session().state, "Connect");
  EXPECT_EQ(session().last_error, "");
  EXPECT_THAT(session().exported, IsEmpty());
  EXPECT_THAT(speaker->observed().error, IsEmpty()) << "no complaint about BIRD: it does what it should";
}

}  // namespace
}  // namespace imrs::bgp::test

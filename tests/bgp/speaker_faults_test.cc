// The speaker with a BIRD that is gone, mute, foreign, cut, or does not do what it says.
#include "speaker_fixture.h"

namespace imrs::bgp::test {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST_F(SpeakerTest, SaysWhenBirdIsNotThere) {
  bird.stop();
  start();
  ASSERT_TRUE(run_until([&] { return changed > 0; }));
  EXPECT_FALSE(speaker->observed().connected);
  EXPECT_THAT(speaker->observed().error, HasSubstr("is bird running"));
  EXPECT_EQ(session().state, "unknown");
  run_for(milliseconds(100));
  EXPECT_EQ(notes.size(), 1U) << "every loss is noted once, not with every attempt";
  EXPECT_EQ(disabled, 0);
  bird.start();
  EXPECT_TRUE(run_until_settled());
  EXPECT_EQ(disabled, 1);
}

TEST_F(SpeakerTest, EnablesAgainAfterBirdHasBeenAway) {
  start_announcing();
  bird.stop();
  ASSERT_TRUE(run_until([&] { return !speaker->observed().connected; }));
  EXPECT_FALSE(speaker->settled());
  EXPECT_EQ(session().state, "unknown");
  EXPECT_THAT(session().exported, IsEmpty());
  bird.start();
  ASSERT_TRUE(run_until_settled());
  EXPECT_TRUE(announcing());
  EXPECT_EQ(disabled, 1) << "only the first connection disables everything";
}

TEST_F(SpeakerTest, NoticesTheLossOfBirdAtOnce) {
  settings.look_interval = std::chrono::seconds(30);
  start_announcing();
  bird.stop();
  EXPECT_TRUE(run_until([&] { return !speaker->observed().connected; }));
}

TEST_F(SpeakerTest, DoesNotWaitForAMuteBird) {
  settings.reply_limit = milliseconds(80);
  start_announcing();
  bird.mute = true;
  ASSERT_TRUE(run_until([&] { return !speaker->observed().connected; }));
  EXPECT_THAT(speaker->observed().error,
              HasSubstr("BIRD accepts connections but does not answer (stopped or hung?): no reply"));
  const int before = bird.connections;
  ASSERT_TRUE(run_until([&] { return bird.connections > before; }));
  bird.mute = false;
  EXPECT_TRUE(run_until_settled());
}

TEST_F(SpeakerTest, DoesNotWaitForTheGreeting) {
  settings.reply_limit = milliseconds(50);
  bird.greets = false;
  start();
  ASSERT_TRUE(run_until([&] { return bird.connections >= 2; }));
  EXPECT_FALSE(speaker->observed().connected);
  EXPECT_THAT(speaker->observed().error, HasSubstr("no greeting within 50 ms"));
  EXPECT_THAT(bird.commands, IsEmpty());
}

TEST_F(SpeakerTest, RefusesWhatIsNotBird) {
  struct Case {
    const char *greeting, *want;
  };
  for (const Case& c :
       {Case{"SSH-2.0-x\r\n", "cannot be understood"}, Case{"0013 up\n", "is not BIRD's control socket"}}) {
    bird.greeting = c.greeting;
    start();
    ASSERT_TRUE(run_until([&] { return !speaker->observed().error.empty(); }));
    EXPECT_THAT(speaker->observed().error, HasSubstr(c.want));
    EXPECT_THAT(bird.commands, IsEmpty());
    speaker.reset();
  }
}

TEST_F(SpeakerTest, NamesWhatAForeignConfigurationLacks) {
  bird.enabled.erase("drain_host6");
  start();
  ASSERT_TRUE(run_until([&] { return !speaker->observed().error.empty(); }));
  EXPECT_EQ(speaker->observed().error,
            "BIRD does not know drain_host6: its configuration is not ours; "
            "\"systemctl reload imrs-bird\" makes it anew");
  run_for(milliseconds(100));
  EXPECT_EQ(disabled, 0);
  bird.enabled["drain_host6"] = false;
  ASSERT_TRUE(run_until_settled());
  EXPECT_EQ(disabled, 1);
  EXPECT_EQ(speaker->observed().error, "");
}

TEST_F(SpeakerTest, NamesASessionThatBirdDoesNotHave) {
  bird.sessions.erase("host6");
  start();
  ASSERT_TRUE(run_until([&] { return !speaker->observed().error.empty(); }));
  EXPECT_THAT(speaker->observed().error, HasSubstr("BIRD does not know host6"));
  EXPECT_EQ(session().state, "Established");
  EXPECT_EQ(speaker->observed().sessions[1].state, "unknown");
}

TEST_F(SpeakerTest, AComplaintStaysUntilItsCauseIsGone) {
  bird.hidden = {"host4"};
  start();
  ASSERT_TRUE(run_until([&] { return !speaker->observed().error.empty(); }));
  EXPECT_THAT(speaker->observed().error, HasSubstr("host4: BIRD refused `show protocols all`: 8003"));
  const int before = changed;
  bird.commands.clear();
  ASSERT_TRUE(run_until([&] { return bird.count("show protocols") >= 5; }));
  EXPECT_EQ(changed, before);
  EXPECT_FALSE(speaker->settled());
  bird.hidden.clear();
  ASSERT_TRUE(run_until_settled());
  EXPECT_EQ(speaker->observed().error, "");
}

TEST_F(SpeakerTest, QuotesBirdsRefusal) {
  bird.restricted = true;
  start();
  ASSERT_TRUE(run_until([&] { return !speaker->observed().error.empty(); }));
  EXPECT_THAT(speaker->observed().error,
              HasSubstr("BIRD refused `disable \"specific_host4\"`: 8007 Access denied"));
  EXPECT_EQ(disabled, 0);
}

TEST_F(SpeakerTest, ReadsRepliesThatComeInPieces) {
  bird.trickles = true;
  bird.noise = "+a line of the log\n<17 messages lost>\n";
  start_announcing();
  EXPECT_TRUE(announcing());
  EXPECT_THAT(session().exported, ElementsAre("199.7.83.0/24", "199.7.82.0/23"));
}

TEST_F(SpeakerTest, LooksAgainAfterAReplyWasCut) {
  for (const std::size_t octets : {0U, 1U, 7U, 30U}) {
    start_announcing();
    const int before = bird.connections;
    bird.on_command = [&](const std::string& command) {
      if (command == "disable \"specific_host4\"" && bird.connections == before) bird.cut = octets;
    };
    announce(nothing());
    ASSERT_TRUE(run_until_settled()) << octets;
    EXPECT_TRUE(bird.none_enabled());
    EXPECT_GT(bird.connections, before);
    bird.on_command = nullptr;
    speaker.reset();
  }
}

TEST_F(SpeakerTest, GivesUpOnABirdThatAnswersTwice) {
  start_announcing();
  bird.noise = "0000 \n";
  ASSERT_TRUE(run_until([&] { return !speaker->observed().connected; }));
  EXPECT_THAT(speaker->observed().error, HasSubstr("more than it was asked"));
  bird.noise.clear();
  EXPECT_TRUE(run_until_settled());
}

TEST_F(SpeakerTest, TellsOnceThatAMuteBirdIsLate) {
  settings.kill_limit = settings.mute_limit = std::chrono::seconds(60);  // it is told by its own limit
  start_announcing();
  bird.mute = true;
  EXPECT_FALSE(speaker->withdrawing());
  const auto asked = Clock::now();
  announce(nothing());
  EXPECT_TRUE(speaker->withdrawing()) << "an upgrade in place has to wait";
  ASSERT_TRUE(run_until([&] { return !late.empty(); }));
  EXPECT_GE(Clock::now() - asked, settings.withdraw_limit);
  EXPECT_LT(Clock::now() - asked, settings.withdraw_limit + milliseconds(3000));
  EXPECT_THAT(late[0], HasSubstr("BIRD has not confirmed the withdrawal within 400 ms"));
  run_for(settings.withdraw_limit * 2);
  EXPECT_EQ(late.size(), 1U);
  EXPECT_EQ(confirmed, 0);
  EXPECT_TRUE(speaker->withdrawing());
  bird.mute = false;
  ASSERT_TRUE(run_until([&] { return confirmed == 1; }));
  EXPECT_TRUE(bird.none_enabled());
  EXPECT_TRUE(speaker->settled());
  EXPECT_FALSE(speaker->withdrawing());
}

TEST_F(SpeakerTest, TellsThatABirdThatIsGoneIsLate) {
  start_announcing();
  bird.stop();
  ASSERT_TRUE(run_until([&] { return !speaker->observed().connected; }));
  announce(nothing());
  ASSERT_TRUE(run_until([&] { return !late.empty(); }));
  EXPECT_THAT(late[0], HasSubstr("is bird running"));
  bird.start();
  ASSERT_TRUE(run_until([&] { return confirmed == 1; }));
  EXPECT_EQ(late.size(), 1U);
}

TEST_F(SpeakerTest, DoesNotTrustTheAcknowledgementAlone) {
  start_announcing();
  bird.stuck = {"covering_host4"};
  announce(nothing());
  ASSERT_TRUE(run_until([&] { return !late.empty(); }));
  EXPECT_FALSE(speaker->settled());
  EXPECT_EQ(confirmed, 0);
  bird.stuck.clear();
  ASSERT_TRUE(run_until([&] { return confirmed == 1; }));
  EXPECT_TRUE(bird.none_enabled());
}

TEST_F(SpeakerTest, DoesNotTrustTheStateAlone) {
  start_announcing();
  bird.sessions["host4"].wedged = true;  // disabled and down, but still exported
  announce(nothing());
  ASSERT_TRUE(run_until([&] { return !late.empty(); }));
  EXPECT_TRUE(bird.none_enabled());
  EXPECT_FALSE(speaker->settled());
  bird.sessions["host4"].wedged = false;
  ASSERT_TRUE(run_until([&] { return confirmed == 1; }));
}

// What could not be seen is not known to be gone.
TEST_F(SpeakerTest, ALookThatFailedConfirmsNothing) {
  const struct {
    const char* description;
    std::function<void()> fail, mend;
  } cases[] = {
      {"no details of the session", [&] { bird.hidden = {"host4"}; }, [&] { bird.hidden.clear(); }},
      {"no exports", [&] { bird.secretive = {"host4"}; }, [&] { bird.secretive.clear(); }},
      {"a row that is left out", [&] { bird.overflowing = {"drain_host4"}; },
       [&] { bird.overflowing.clear(); }},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.description);
    start_announcing();
    late.clear();
    confirmed = 0;
    c.fail();
    announce(nothing());
    ASSERT_TRUE(run_until([&] { return !late.empty(); }));
    EXPECT_TRUE(bird.none_enabled());
    bird.commands.clear();
    ASSERT_TRUE(run_until([&] { return bird.count("show protocols") >= 3; }));
    EXPECT_EQ(confirmed, 0);
    EXPECT_FALSE(speaker->settled());
    c.mend();
    ASSERT_TRUE(run_until([&] { return confirmed == 1; }));
    speaker.reset();
  }
}

TEST_F(SpeakerTest, TheNextWithdrawalHasItsOwnLimit) {
  start_announcing();
  for (std::size_t round = 1; round <= 2; ++round) {
    bird.stuck = {"specific_host4"};
    announce(nothing());
    ASSERT_TRUE(run_until([&] { return late.size() == round; }));
    bird.stuck.clear();
    ASSERT_TRUE(run_until([&] { return confirmed == static_cast<int>(round); }));
    announce(ipv4());
    ASSERT_TRUE(run_until_settled());
  }
}

TEST_F(SpeakerTest, WhatWasNeverWantedIsLateToo) {
  start();
  ASSERT_TRUE(run_until_settled());
  bird.enabled["drain_host4"] = true;
  bird.stuck = {"drain_host4"};
  ASSERT_TRUE(run_until([&] { return !late.empty(); }));
  bird.stuck.clear();
  EXPECT_TRUE(run_until([&] { return confirmed == 1; }));
}

TEST_F(SpeakerTest, ABirdThatDoesNotObeyIsToBeKilledOnce) {
  start_announcing();
  bird.stuck = {"specific_host4"};
  announce(nothing());
  ASSERT_TRUE(run_until([&] { return !kills.empty(); }));
  EXPECT_EQ(late.size(), 1U);
  EXPECT_TRUE(kills[0].known);
  EXPECT_THAT(kills[0].why, HasSubstr("not confirmed the withdrawal within 800 ms"));
  run_for(milliseconds(300));
  EXPECT_EQ(kills.size(), 1U);
  bird.stuck.clear();
  ASSERT_TRUE(run_until([&] { return confirmed == 1; }));
}

TEST_F(SpeakerTest, ABirdThatHasSaidNothingForLongIsToBeKilled) {
  start_announcing();
  bird.mute = true;
  ASSERT_TRUE(run_until([&] { return !kills.empty(); }));
  EXPECT_TRUE(kills[0].known);
  EXPECT_THAT(kills[0].why, HasSubstr("said nothing"));
  EXPECT_TRUE(announcing());  // nothing was to be withdrawn
  EXPECT_THAT(late, IsEmpty());
}

TEST_F(SpeakerTest, ABirdThatIsGoneIsNotKilled) {
  start_announcing();
  bird.stop();
  run_for(milliseconds(1500));
  EXPECT_THAT(kills, IsEmpty());
}

TEST_F(SpeakerTest, ComplainsOfWantedPrefixesThatAreNotExported) {
  start_announcing();
  bird.unexported = {"199.7.82.0/23"};
  ASSERT_TRUE(run_until([&] { return !speaker->observed().error.empty(); }));
  EXPECT_EQ(speaker->observed().error, "host4 is not told of 199.7.82.0/23, though it should be");
  EXPECT_FALSE(speaker->settled());
  bird.unexported.clear();
  EXPECT_TRUE(run_until_settled());
  EXPECT_EQ(speaker->observed().error, "");
  EXPECT_THAT(kills, IsEmpty());
}

}  // namespace
}  // namespace imrs::bgp::test

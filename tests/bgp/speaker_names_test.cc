// The speaker with a BIRD whose configuration names other neighbours than the agent's: one is missing, or one
// is there that the agent does not know.
#include "speaker_fixture.h"

namespace imrs::bgp::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

AnnouncedSet both() {
  AnnouncedSet wanted = ipv4();
  wanted.at("host6") = wanted.at("host4");
  return wanted;
}

class SpeakerNamesTest : public SpeakerTest {
 protected:
  // BIRD was started with a file that host6 has been removed from.
  void lose_host6() {
    bird.stop();
    for (const char* role : {"specific_host6", "covering_host6", "drain_host6"}) bird.enabled.erase(role);
    bird.sessions.erase("host6");
    bird.start();
  }
  // As its supervisor does it.
  void run_and_restart_killed(milliseconds time) {
    const auto end = Clock::now() + time;
    while (Clock::now() < end) {
      const std::size_t before = kills.size();
      run_until([&] { return kills.size() > before; }, milliseconds(50));
      if (kills.size() == before) continue;
      bird.stop();
      bird.start();
    }
  }
};

TEST_F(SpeakerNamesTest, AWithdrawalNeedsNoNeighbourThatBirdDoesNotHave) {
  start_announcing();
  announce(both());
  ASSERT_TRUE(run_until_settled());
  lose_host6();
  ASSERT_TRUE(run_until([&] { return announcing() && !speaker->observed().error.empty(); }));
  EXPECT_FALSE(speaker->settled()) << "what is wanted for host6 is not there";
  EXPECT_THAT(speaker->observed().error,
              HasSubstr("BIRD does not know drain_host6, specific_host6, covering_host6, host6: "));
  announce(nothing());
  EXPECT_TRUE(run_until_settled()) << "nothing is wanted of what is not there";
  EXPECT_TRUE(bird.none_enabled());
  run_and_restart_killed(settings.kill_limit * 3);
  EXPECT_THAT(late, IsEmpty());
  EXPECT_THAT(kills, IsEmpty());
  EXPECT_THAT(speaker->observed().error, HasSubstr("its configuration is not ours"));
}

TEST_F(SpeakerNamesTest, TheOthersAreAnnouncedTo) {
  start();
  ASSERT_TRUE(run_until_settled());
  lose_host6();
  announce(ipv4());
  EXPECT_TRUE(run_until([&] { return announcing() && speaker->settled(); }));
  announce(both());
  ASSERT_TRUE(run_until([&] { return !speaker->observed().error.empty(); }));
  run_for(milliseconds(100));
  EXPECT_FALSE(speaker->settled());
  EXPECT_TRUE(announcing());
}

// Its protocols are there, its session is not: whatever they do gets nowhere.
TEST_F(SpeakerNamesTest, ASessionThatIsNotThereIsToldOfNothing) {
  start_announcing();
  bird.sessions.erase("host4");
  ASSERT_TRUE(run_until([&] { return !speaker->observed().error.empty(); }));
  EXPECT_FALSE(speaker->settled());
  announce(nothing());
  EXPECT_TRUE(run_until_settled());
  EXPECT_THAT(late, IsEmpty());
}

TEST_F(SpeakerNamesTest, WhatIsThereStillHasToObey) {
  start_announcing();
  lose_host6();
  ASSERT_TRUE(run_until([&] { return announcing(); }));
  bird.stuck = {"specific_host4"};
  announce(nothing());
  ASSERT_TRUE(run_until([&] { return !kills.empty(); }));
  EXPECT_EQ(late.size(), 1U);
  EXPECT_EQ(confirmed, 0);
  bird.stuck.clear();
  EXPECT_TRUE(run_until([&] { return confirmed == 1; }));
}

// BIRD lists what it is about to remove until its routes have gone.
TEST_F(SpeakerNamesTest, WhatIsExportedOfAProtocolThatIsNotThereIsLate) {
  start_announcing();
  bird.sessions["host4"].wedged = true;
  bird.unlisted = {"specific_host4"};
  announce(nothing());
  ASSERT_TRUE(run_until([&] { return !late.empty(); }));
  EXPECT_FALSE(speaker->settled());
  bird.sessions["host4"].wedged = false;
  EXPECT_TRUE(run_until([&] { return confirmed == 1; }));
}

// An agent that was upgraded in place to a configuration without host5, of which BIRD was not told.
TEST_F(SpeakerNamesTest, ANeighbourThatIsNotOursIsWithdrawnFrom) {
  bird.enabled["specific_host5"] = true;
  start();
  ASSERT_TRUE(run_until_settled());
  EXPECT_TRUE(bird.none_enabled());
  bird.enabled["drain_host5"] = true;
  const auto noted = [&] { return std::ranges::count(notes, "disabled drain_host5") > 0; };
  ASSERT_TRUE(run_until([&] { return bird.none_enabled() && noted(); }));
  bird.enabled["covering_host5"] = true;
  bird.stuck = {"covering_host5"};
  ASSERT_TRUE(run_until([&] { return !kills.empty(); }));
  EXPECT_EQ(late.size(), 1U);
}

}  // namespace
}  // namespace imrs::bgp::test

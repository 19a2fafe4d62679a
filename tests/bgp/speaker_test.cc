// The speaker with a BIRD that works: what it sends, when, and what it tells.
#include "bgp/speaker.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include "speaker_fixture.h"

namespace imrs::bgp::test {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST_F(SpeakerTest, DisablesEverythingBeforeAnythingElse) {
  for (auto& [name, on] : bird.enabled) on = true;
  start();
  announce(ipv4());
  ASSERT_TRUE(run_until([&] { return disabled == 1; }));
  EXPECT_FALSE(enabled_at_hook);
  EXPECT_EQ(speaker->settled(), false);
  ASSERT_GE(bird.commands.size(), 7U);
  for (std::size_t i = 0; i < 6; ++i) EXPECT_THAT(bird.commands[i], HasSubstr("disable \""));
  EXPECT_EQ(bird.commands[6], "show protocols");
  ASSERT_TRUE(run_until_settled());
  EXPECT_TRUE(announcing());
  EXPECT_EQ(disabled, 1);
}

TEST_F(SpeakerTest, AnnouncesAndWithdrawsAtOnce) {
  settings.look_interval = std::chrono::seconds(30);  // no look comes to its help
  start();
  ASSERT_TRUE(run_until_settled());
  for (int i = 0; i < 5; ++i) {
    for (const bool up : {true, false}) {
      const auto asked = Clock::now();
      announce(up ? ipv4() : nothing());
      EXPECT_FALSE(speaker->settled());
      ASSERT_TRUE(run_until_settled());
      EXPECT_LT(Clock::now() - asked, milliseconds(5000));
      EXPECT_EQ(announcing(), up);
      EXPECT_EQ(session().exported.size(), up ? 2U : 0U);
    }
  }
  EXPECT_THAT(late, IsEmpty());
  EXPECT_EQ(confirmed, 0);
}

TEST_F(SpeakerTest, DisablesBeforeItEnables) {
  start_announcing();
  AnnouncedSet ipv6 = nothing();
  ipv6.at("host6") = {.specific = true, .covering = true, .draining = false};
  bird.commands.clear();
  announce(ipv6);
  ASSERT_TRUE(run_until_settled());
  ASSERT_GE(bird.commands.size(), 4U);
  const std::vector<std::string> first(bird.commands.begin(), bird.commands.begin() + 4);
  EXPECT_THAT(first, ElementsAre("disable \"specific_host4\"", "disable \"covering_host4\"",
                                 "enable \"specific_host6\"", "enable \"covering_host6\""));
}

TEST_F(SpeakerTest, AWithdrawalOvertakesAnAnnouncement) {
  start();
  ASSERT_TRUE(run_until_settled());
  bird.on_command = [&](const std::string& command) {
    if (command == "enable \"specific_host4\"") announce(nothing());
  };
  bird.commands.clear();
  announce(ipv4());
  ASSERT_TRUE(run_until_settled());
  EXPECT_TRUE(bird.none_enabled());
  EXPECT_EQ(bird.count("enable \"covering_host4\""), 0);
}

TEST_F(SpeakerTest, SendsNothingWhenTheSameIsWantedAgain) {
  start_announcing();
  bird.commands.clear();
  announce(ipv4());
  EXPECT_TRUE(speaker->settled());
  run_for(milliseconds(100));
  EXPECT_THAT(bird.commands, Contains("show protocols"));
  EXPECT_EQ(bird.count("enable \"specific_host4\""), 0);
}

TEST_F(SpeakerTest, EnablesAgainWhatAConfigureHasUndone) {
  start_announcing();
  bird.configure();
  ASSERT_TRUE(run_until([&] { return announcing(); }));
  EXPECT_TRUE(run_until_settled());
  EXPECT_THAT(late, IsEmpty());
}

TEST_F(SpeakerTest, DisablesWhatSomebodyElseHasEnabled) {
  start();
  ASSERT_TRUE(run_until_settled());
  bird.enabled["drain_host6"] = true;
  ASSERT_TRUE(run_until([&] { return std::ranges::count(notes, "disabled drain_host6") == 1; }));
  EXPECT_TRUE(bird.none_enabled());
  EXPECT_TRUE(run_until_settled());
  EXPECT_THAT(late, IsEmpty());
}

TEST_F(SpeakerTest, TellsTheStateOfSessions) {
  bird.sessions["host4"] = {"Idle", "Received: Bad peer AS", "caf\xc3\xa9", false};
  start_announcing();
  EXPECT_EQ(session().state, "Idle");
  EXPECT_EQ(session().since, "2026-11-24 12:46:50.741");
  EXPECT_EQ(session().last_error, "Received: Bad peer AS");
  EXPECT_EQ(session().message, "caf\xc3\xa9");
  EXPECT_THAT(session().exported, IsEmpty());
  EXPECT_THAT(errors, IsEmpty());
  const int before = changed;
  bird.sessions["host4"] = {};
  ASSERT_TRUE(run_until([&] { return changed > before; }));
  EXPECT_EQ(session().state, "Established");
  EXPECT_EQ(session().last_error, "");
  EXPECT_THAT(session().exported, ElementsAre("199.7.83.0/24", "199.7.82.0/23"));
  EXPECT_THAT(notes, Contains("session host4: Idle -> Established"));
}

TEST_F(SpeakerTest, LooksAtSessionsAtLeastEverySecond) {
  start_announcing();
  bool in_time = false;
  for (int i = 0; i < 5 && !in_time; ++i) {  // a busy machine may be late, but not each time
    const std::string text = "moving to rack " + std::to_string(i);
    bird.sessions["host4"].message = text;  // shows in no row
    const auto begin = Clock::now();
    ASSERT_TRUE(run_until([&] { return session().message == text; }));
    in_time = Clock::now() - begin < milliseconds(3000);
  }
  EXPECT_TRUE(in_time);
}

TEST_F(SpeakerTest, IsSilentWhileNothingChanges) {
  start_announcing();
  run_for(milliseconds(30));
  const int before = changed;
  bird.commands.clear();
  ASSERT_TRUE(run_until([&] { return bird.count("show protocols") >= 5; }));
  EXPECT_EQ(changed, before);
}

TEST_F(SpeakerTest, WakesBirdWhileASessionComesUp) {
  settings.look_interval = std::chrono::seconds(30);
  bird.sessions["host4"].state = "Connect";
  start_announcing();
  EXPECT_TRUE(run_until([&] { return bird.count("show status") >= 5; }));
}

TEST_F(SpeakerTest, LeavesBirdAloneWhileSessionsAreUp) {
  settings.look_interval = std::chrono::seconds(30);
  start_announcing();
  run_for(milliseconds(200));
  EXPECT_EQ(bird.count("show status"), 0);
}

TEST_F(SpeakerTest, WaitsForSettledAndNoLonger) {
  bool result = true;
  start();
  bird.mute = true;
  int returned = 0;
  const auto wait = [&](milliseconds limit) {
    boost::asio::co_spawn(
        io,
        [this, limit, &result, &returned]() -> boost::asio::awaitable<void> {
          result = co_await speaker->wait_settled(limit);
          ++returned;
        },
        boost::asio::detached);
  };
  wait(milliseconds(50));
  ASSERT_TRUE(run_until([&] { return returned == 1; }));
  EXPECT_FALSE(result);
  bird.mute = false;
  wait(std::chrono::seconds(30));
  ASSERT_TRUE(run_until([&] { return returned == 2; }));
  EXPECT_TRUE(result);
}

TEST_F(SpeakerTest, EndsWhenCancelled) {
  boost::asio::cancellation_signal cancel;
  bool ended = false;
  speaker = std::make_unique<Speaker>(io.get_executor(), settings, Speaker::Hooks{});
  boost::asio::co_spawn(
      io, speaker->run(),
      boost::asio::bind_cancellation_slot(cancel.slot(), [&](std::exception_ptr) { ended = true; }));
  ASSERT_TRUE(run_until_settled());
  cancel.emit(boost::asio::cancellation_type::terminal);
  EXPECT_TRUE(run_until([&] { return ended; }));
}

TEST_F(SpeakerTest, EndsWhenDestroyedAndCallsNoHookAnyMore) {
  bool ended = false;
  int called = 0;
  Speaker::Hooks hooks;
  hooks.changed = [&] { ++called; };
  hooks.note = [&](const std::string&) { ++called; };
  speaker = std::make_unique<Speaker>(io.get_executor(), settings, std::move(hooks));
  boost::asio::co_spawn(io, speaker->run(), [&](std::exception_ptr) { ended = true; });
  ASSERT_TRUE(run_until_settled());
  const int before = called;
  EXPECT_GT(before, 0);
  speaker.reset();
  EXPECT_TRUE(run_until([&] { return ended; }));
  EXPECT_EQ(called, before);
}

}  // namespace
}  // namespace imrs::bgp::test

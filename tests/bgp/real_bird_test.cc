// The speaker with the real BIRD and the rendered configuration: that the words are BIRD's.
#include "real_bird.h"

#include "bgp/bird_config.h"
#include "bgp/control.h"
#include "speaker_fixture.h"

namespace imrs::bgp::test {
namespace {

namespace asio = boost::asio;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr milliseconds kLimit{20'000};  // of another process, which a busy machine may leave waiting

class RealBirdTest : public SpeakerTest {
 protected:
  void SetUp() override {
    if (bird_program().empty()) GTEST_SKIP() << "NOT TESTED: bird is not installed (package bird2)";
    bird.stop();
    settings.reply_limit = kLimit;
    settings.withdraw_limit = kLimit;
    settings.kill_limit = settings.mute_limit = 2 * kLimit;
    start_bird();
    if (!real->started()) GTEST_SKIP() << "NOT TESTED: no network namespace or /dev/net/tun here";
  }
  void start_bird() { real = std::make_unique<RealBird>(directory.path, bird_config(example_config())); }

  // As somebody with birdc would, beside the speaker.
  std::string ask(const std::string& command) {
    std::optional<std::string> answer;
    asio::co_spawn(
        io,
        [&]() -> asio::awaitable<void> {
          auto control = co_await Control::open(settings.control_socket, kLimit);
          if (!control) {
            answer = control.error().message;
            co_return;
          }
          const auto reply = co_await control->ask(command);
          std::string text = reply ? reply->text : reply.error().message;
          for (std::size_t i = 0; reply && i < reply->lines.size(); ++i) {
            text += "\n" + reply->lines[i].text;
          }
          answer = text;
        },
        asio::detached);
    run_until([&] { return answer.has_value(); });
    return answer.value_or("no answer");
  }

  std::unique_ptr<RealBird> real;
};

TEST_F(RealBirdTest, AnnouncesDrainsAndWithdraws) {
  start();
  ASSERT_TRUE(run_until_settled()) << speaker->observed().error;
  EXPECT_EQ(disabled, 1);
  EXPECT_EQ(speaker->observed().error, "");
  EXPECT_THAT(ask("show route table all"), Not(HasSubstr("199.7")));

  AnnouncedSet wanted = ipv4();
  wanted.at("host6") = {.specific = true, .covering = true, .draining = true};
  announce(wanted);
  ASSERT_TRUE(run_until_settled()) << speaker->observed().error;
  const std::string routes = ask("show route all table all");
  for (const char* want :
       {"199.7.83.0/24        unicast [specific_host4", "199.7.82.0/23        unicast [covering_host4",
        "2001:500:9e::/47     unicast [covering_host6", "2001:500:9f::/48     unicast [drain_host6",
        "2001:500:3::/48      unicast [drain_host6", "dev anycast0", "BGP.community: (65535,0)"}) {
    EXPECT_THAT(routes, HasSubstr(want));
  }

  announce(nothing());
  ASSERT_TRUE(run_until_settled());
  EXPECT_THAT(ask("show route table all"), Not(HasSubstr("unicast")));
  EXPECT_THAT(late, IsEmpty());
}

TEST_F(RealBirdTest, DescribesSessionsThatAreNotUp) {
  start();
  ASSERT_TRUE(run_until_settled());
  ASSERT_EQ(speaker->observed().sessions.size(), 2U);
  for (const SessionObserved& seen : speaker->observed().sessions) {
    EXPECT_THAT(seen.state, testing::AnyOf("Idle", "Connect", "Active")) << seen.name;
    EXPECT_EQ(seen.since.size(), std::string("2026-11-24 12:46:50.741").size()) << seen.since;
    EXPECT_THAT(seen.exported, IsEmpty());
  }
  EXPECT_THAT(ask("disable \"host4\" \"line card\""), HasSubstr("host4: disabled"));
  ASSERT_TRUE(run_until([&] { return session().state == "Down"; }));
  EXPECT_EQ(session().message, "line card");
  EXPECT_TRUE(run_until_settled());
  // It binds its socket and listens a moment later: a connection may be refused, no command may.
  EXPECT_THAT(errors, Not(testing::Contains(
                          testing::AllOf(HasSubstr("refused"), Not(testing::StartsWith("connecting to"))))));
}

TEST_F(RealBirdTest, PutsRightWhatConfigureAndBirdcHaveDone) {
  start();
  announce(ipv4());
  ASSERT_TRUE(run_until_settled());
  notes.clear();
  EXPECT_THAT(ask("configure"), HasSubstr("Reconf"));
  ASSERT_TRUE(run_until([&] { return std::ranges::count(notes, "enabled specific_host4") > 0; }));
  ASSERT_TRUE(run_until_settled());
  EXPECT_THAT(ask("enable \"drain_*\""), HasSubstr("drain_host4: enabled"));
  ASSERT_TRUE(run_until([&] { return std::ranges::count(notes, "disabled drain_host4") > 0; }));
  ASSERT_TRUE(run_until_settled());
  EXPECT_THAT(ask("show route table all"), HasSubstr("[specific_host4"));
}

TEST_F(RealBirdTest, EnablesAgainAfterARestart) {
  start();
  announce(ipv4());
  ASSERT_TRUE(run_until_settled());
  real->kill();
  ASSERT_TRUE(run_until([&] { return !speaker->observed().connected; }));
  start_bird();
  ASSERT_TRUE(run_until_settled());
  EXPECT_THAT(ask("show route table all"), HasSubstr("[specific_host4"));
  EXPECT_EQ(disabled, 1);
}

}  // namespace
}  // namespace imrs::bgp::test

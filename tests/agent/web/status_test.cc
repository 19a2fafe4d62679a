#include "agent/web/status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sample.h"

namespace imrs::web {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct Case {
  const char* description;
  Snapshot snapshot;
  Level level;
  const char* headline;
  testing::Matcher<const std::vector<std::string>&> details;
};

Snapshot changed(Snapshot snapshot, void (*change)(Snapshot&)) {
  change(snapshot);
  return snapshot;
}

std::vector<Case> whole_cases() {
  return {
      {"all is well", healthy(), Level::Good, "Announcing all 5 prefixes", IsEmpty()},
      {"withdrawn for one reason", withdrawn("expired: RRSIG of . SOA"), Level::Bad,
       "Withdrawn: expired: RRSIG of . SOA", ElementsAre(HasSubstr("nothing to put right at the router"))},
      {"withdrawn on an order", withdrawn("withdrawn: stopping"), Level::Bad, "Withdrawn: stopping",
       ElementsAre(HasSubstr("own decision"))},
      {"withdrawn, one kind of reason",
       changed(withdrawn("wrong answer: a"), [](Snapshot& s) { s.decisions[1].reason = "wrong answer: b"; }),
       Level::Bad, "Withdrawn: wrong answer",
       ElementsAre("IPv4 withdrawn: wrong answer: a", "IPv6 withdrawn: wrong answer: b",
                   HasSubstr("own decision"))},
      {"withdrawn for two reasons",
       changed(withdrawn("wrong answer"), [](Snapshot& s) { s.decisions[1].reason = "expired"; }), Level::Bad,
       "Withdrawn",
       ElementsAre("IPv4 withdrawn: wrong answer", "IPv6 withdrawn: expired", HasSubstr("own decision"))},
      {"withdrawn, and a session is down: no all-clear for the router",
       changed(withdrawn("expired"), [](Snapshot& s) { s.bgp.sessions[0].state = "Idle"; }), Level::Bad,
       "Withdrawn: expired", ElementsAre(HasSubstr("No IPv4 session with 192.0.2.1"))},
      {"no prefixes", changed(healthy(), [](Snapshot& s) { s.decisions.clear(); }), Level::Bad,
       "No prefix is configured", IsEmpty()},
  };
}

std::vector<Case> partial_cases() {
  return {
      {"one family withdrawn",
       changed(healthy(),
               [](Snapshot& s) {
                 const Snapshot down = withdrawn("silent: x");
                 s.decisions[1] = down.decisions[1];
                 s.bgp.sessions[1].exported.clear();
               }),
       Level::Warning, "Announcing 2 of 5 prefixes", ElementsAre("IPv6 withdrawn: silent: x")},
      {"one session down", with_session_down(Family::V6, "Idle", "Error: BFD session down", ""),
       Level::Warning, "Announcing 2 of 5 prefixes",
       ElementsAre("No IPv6 session with 2001:db8:100::1 (AS 64500): Idle. On this side: BFD session "
                   "down")},
      {"a second neighbour is down, the first has all",
       changed(healthy(),
               [](Snapshot& s) {
                 s.bgp.sessions.push_back(s.bgp.sessions[0]);
                 s.bgp.sessions.back().state = "Connect";
                 s.bgp.sessions.back().exported.clear();
               }),
       Level::Warning, "Announcing all 5 prefixes", ElementsAre(HasSubstr("Connect. No answer to our"))},
      {"falling", changed(healthy(), [](Snapshot& s) { s.decisions[0].phase = "falling"; }), Level::Warning,
       "Announcing all 5 prefixes", ElementsAre(HasSubstr("IPv4 is still announced"))},
      {"drained: covering stays",
       changed(healthy(),
               [](Snapshot& s) {
                 s.decisions[0].prefixes[0].wanted = false;
                 s.decisions[0].reason = "drain";
                 s.bgp.sessions[0].exported = {"199.7.82.0/23"};
               }),
       Level::Warning, "Announcing 4 of 5 prefixes", ElementsAre("199.7.83.0/24 withdrawn: drain")},
  };
}

std::vector<Case> bad_cases() {
  return {
      {"both sessions down",
       changed(with_session_down(Family::V4, "Active", "", ""),
               [](Snapshot& s) {
                 s.bgp.sessions[1].state = "Idle";
                 s.bgp.sessions[1].exported.clear();
               }),
       Level::Bad, "Announcing nothing: no BGP session is established",
       ElementsAre(HasSubstr("IPv4"), HasSubstr("IPv6"))},
      {"BIRD still exports what is withdrawn",
       changed(withdrawn("expired"), [](Snapshot& s) { s.bgp.sessions[0].exported = {"199.7.83.0/24"}; }),
       Level::Bad, "Announcing 1 prefix that should be withdrawn",
       testing::Contains("199.7.83.0/24 is still exported to 192.0.2.1")},
      {"BIRD exports nothing of what is wanted",
       changed(healthy(),
               [](Snapshot& s) {
                 for (SessionState& session : s.bgp.sessions) session.exported.clear();
               }),
       Level::Bad, "Announcing nothing",
       testing::Contains("199.7.82.0/23 is wanted, but BIRD does not export it")},
      {"BIRD away",
       changed(healthy(),
               [](Snapshot& s) {
                 s.bgp.bird_connected = false;
                 s.bgp.bird_error = "connection refused";
               }),
       Level::Bad, "Not known what is announced: BIRD cannot be asked",
       ElementsAre("BIRD: connection refused")},
      {"BIRD refused something", changed(healthy(), [](Snapshot& s) { s.bgp.bird_error = "no such"; }),
       Level::Warning, "Announcing all 5 prefixes", ElementsAre("BIRD: no such")},
      {"no neighbours", changed(healthy(), [](Snapshot& s) { s.bgp.sessions.clear(); }), Level::Bad,
       "Announcing nothing: no BGP session is established", ElementsAre("No BGP neighbour is configured.")},
  };
}

void check(const std::vector<Case>& cases) {
  for (const Case& c : cases) {
    const Verdict verdict = status_of(c.snapshot, kNow).verdict;
    EXPECT_EQ(verdict.level, c.level) << c.description;
    EXPECT_EQ(verdict.headline, c.headline) << c.description;
    EXPECT_THAT(verdict.details, c.details) << c.description;
  }
}

TEST(Verdict, OfTheWhole) { check(whole_cases()); }
TEST(Verdict, OfAPart) { check(partial_cases()); }
TEST(Verdict, WhenSomethingIsBroken) { check(bad_cases()); }

TEST(Verdict, IsNotBelievedWhenTheAgentIsSilent) {
  const Snapshot snapshot = healthy();
  EXPECT_FALSE(status_of(snapshot, kNow + kStaleAfterMs).stale);
  const Status status = status_of(snapshot, kNow + kStaleAfterMs + 1000);
  EXPECT_TRUE(status.stale);
  EXPECT_EQ(status.verdict.level, Level::Unknown);
  EXPECT_EQ(status.verdict.headline, "State not known: the agent has not reported for 6 s");
  EXPECT_THAT(status.verdict.details, ElementsAre(HasSubstr("Announcing all 5 prefixes")));
}

TEST(Verdict, AClockSetBackIsNoAge) {
  const Snapshot snapshot = healthy();
  EXPECT_EQ(status_of(snapshot, kNow - 60'000).age_ms, 0);
}

TEST(Sessions, ListWhatIsAnnouncedAndWhyTheRestIsNot) {
  Snapshot snapshot = healthy();
  snapshot.bgp.sessions[0].exported = {"199.7.82.0/23"};
  const Status status = status_of(snapshot, kNow);
  ASSERT_EQ(status.sessions.size(), 2U);
  EXPECT_THAT(status.sessions[0].announced, ElementsAre("199.7.82.0/23"));
  ASSERT_EQ(status.sessions[0].withheld.size(), 1U);
  EXPECT_EQ(status.sessions[0].withheld[0].prefix, "199.7.83.0/24");
  EXPECT_EQ(status.sessions[0].withheld[0].why, "wanted, but BIRD does not export it");
}

TEST(Sessions, ADownSessionAnnouncesNothingWhateverItsListSays) {
  Snapshot snapshot = healthy();
  snapshot.bgp.sessions[1].state = "OpenSent";
  const Status status = status_of(snapshot, kNow);
  EXPECT_THAT(status.sessions[1].announced, IsEmpty());
  EXPECT_EQ(status.sessions[1].withheld.size(), 3U);
  EXPECT_EQ(status.sessions[1].withheld[0].why, "the session is not established");
  EXPECT_THAT(status.prefixes[4].exported_to, IsEmpty());
}

TEST(Sessions, ErrorsAreInWords) {
  const struct {
    const char *error, *want;
  } cases[] = {
      {"", ""},
      {"Received: Administrative shutdown", "The neighbour closed the session: Administrative shutdown"},
      {"BGP Error: Bad peer AS", "This side closed the session: Bad peer AS"},
      {"Error: Link down", "On this side: Link down"},
      {"Socket: Connection refused", "TCP: Connection refused"},
      {"Automatic shutdown: Route limit exceeded",
       "This side switched the session off: Route limit exceeded"},
      {"something new", "something new"},
  };
  for (const auto& c : cases) {
    const Snapshot snapshot = with_session_down(Family::V4, "Idle", c.error, "");
    EXPECT_EQ(status_of(snapshot, kNow).sessions[0].last_error, c.want) << c.error;
  }
}

}  // namespace
}  // namespace imrs::web

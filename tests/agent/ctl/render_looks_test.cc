// `imrsctl bgp` and `imrsctl probes`, and what the exit status of `imrsctl status` says.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "agent/ctl/render.h"
#include "tests/agent/web/sample.h"

namespace imrs::ctl {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;
using web::healthy;

TEST(Render, HealthyIsWhenEverybodyHasEverything) {
  EXPECT_TRUE(is_healthy(healthy()));
  EXPECT_FALSE(is_healthy(Snapshot())) << "nothing is decided yet";
  const struct {
    const char* description;
    void (*change)(Snapshot&);
  } cases[] = {
      {"everything withdrawn", [](Snapshot& s) { s = web::withdrawn("x"); }},
      {"a session is down", [](Snapshot& s) { s = web::with_session_down(Family::V6, "Idle", "", ""); }},
      {"one prefix is not exported", [](Snapshot& s) { s.decisions[1].prefixes[2].exported = false; }},
      {"one prefix is not wanted", [](Snapshot& s) { s.decisions[0].prefixes[0].wanted = false; }},
      {"one neighbour gets nothing", [](Snapshot& s) { s.decisions[1].announce = false; }},
      {"falling", [](Snapshot& s) { s.decisions[0].phase = "falling"; }},
      {"rising", [](Snapshot& s) { s.decisions[0].phase = "rising"; }},
      {"BIRD cannot be asked", [](Snapshot& s) { s.bgp.bird_connected = false; }},
      {"no neighbour", [](Snapshot& s) { s.decisions.clear(); }},
  };
  for (const auto& c : cases) {
    Snapshot snapshot = healthy();
    c.change(snapshot);
    EXPECT_FALSE(is_healthy(snapshot)) << c.description;
  }
}

TEST(Render, DrainedIsNotHealthy) {
  Snapshot snapshot = healthy();
  for (DecisionState& decision : snapshot.decisions) {
    decision.overlay = "drained";
    for (PrefixState& prefix : decision.prefixes) {
      if (prefix.role == "specific") prefix.wanted = prefix.exported = false;
    }
  }
  EXPECT_FALSE(is_healthy(snapshot));
}

TEST(Render, TellsOfEachSession) {
  const std::string text = bgp_text(healthy());
  EXPECT_THAT(text, HasSubstr("session host4 with 192.0.2.1 AS 64500\n"));
  EXPECT_THAT(text, HasSubstr("session host6 with 2001:db8:100::1 AS 64500\n"));
  EXPECT_THAT(text, ContainsRegex("state +Established since 2026-11-24 11:00:00.123\n"));
  EXPECT_THAT(text, ContainsRegex("last error +none\n"));
  EXPECT_THAT(text, ContainsRegex("announced +2001:500:9f::/48\n"));
  EXPECT_THAT(text, Not(HasSubstr("their message")));
  EXPECT_THAT(text, Not(HasSubstr("BIRD cannot be asked")));
}

TEST(Render, TellsWhatIsWrongWithASession) {
  const std::string text = bgp_text(
      web::with_session_down(Family::V4, "Idle", "Received: Administrative shutdown", "back at noon"));
  EXPECT_THAT(text, ContainsRegex("state +Idle since "));
  EXPECT_THAT(text, ContainsRegex("last error +Received: Administrative shutdown\n"));
  EXPECT_THAT(text, ContainsRegex("their message +\"back at noon\"\n"));
  EXPECT_THAT(text, ContainsRegex("announced +nothing\n"));
}

TEST(Render, TellsThatNobodyCanBeAsked) {
  Snapshot snapshot = healthy();
  snapshot.bgp = {.bird_connected = false, .bird_error = "connect: No such file", .sessions = {}};
  EXPECT_EQ(bgp_text(snapshot), "BIRD cannot be asked: connect: No such file\n");
  snapshot.bgp.bird_connected = true;
  EXPECT_EQ(bgp_text(snapshot), "no neighbour is configured\n");
}

TEST(Render, TellsOfEachProbe) {
  Snapshot snapshot = healthy();
  snapshot.probes.push_back({.service = "2001:500:9f::42",
                             .family = Family::V6,
                             .transport = Transport::Udp,
                             .worker = 0,
                             .last = ""});
  const std::string text = probes_text(snapshot);
  EXPECT_THAT(text, ContainsRegex("199\\.7\\.83\\.42 +tcp +1  right +4711 +2 +3 +4 +5\n"));
  EXPECT_THAT(text, ContainsRegex("2001:500:9f::42 +udp +0  not yet +0 +0 +0 +0 +0\n"));
  EXPECT_EQ(std::ranges::count(text, '\n'), 3) << "and what the columns are";
}

// The longest there are, in one column apart from the next.
TEST(Render, ProbesStayInTheirColumns) {
  Snapshot snapshot = healthy();
  ProbeState& probe = snapshot.probes[0];
  probe.service = "2001:db8:1111:2222:3333:4444:5555:6666";
  probe.last = "could-not-ask";
  probe.worker = 63;
  const std::string text = probes_text(snapshot);
  EXPECT_THAT(text, ContainsRegex("6666 +tcp +63  could-not-ask +4711")) << text;
}

TEST(Render, ForPrograms) {
  const auto bgp = nlohmann::json::parse(bgp_json(healthy()));
  EXPECT_EQ(bgp.at("sessions").size(), 2U);
  EXPECT_EQ(bgp.at("sessions")[0].at("name"), "host4");
  EXPECT_EQ(bgp.at("bird_connected"), true);
  const auto probes = nlohmann::json::parse(probes_json(healthy()));
  ASSERT_EQ(probes.size(), 1U);
  EXPECT_EQ(probes[0].at("right"), 4711);
}

TEST(Render, ColoursOnlyWhenAsked) {
  EXPECT_THAT(status_text(healthy()), Not(HasSubstr("\x1b")));
  EXPECT_THAT(status_text(healthy(), true), HasSubstr("\x1b[32mup, announced\x1b[0m"));
  Snapshot snapshot = web::withdrawn("x");
  snapshot.alarms = {"the clock is not synchronised"};
  const std::string text = status_text(snapshot, true);
  EXPECT_THAT(text, HasSubstr("\x1b[31mdown, not announced\x1b[0m"));
  EXPECT_THAT(text, HasSubstr("\x1b[31malarm: the clock is not synchronised\x1b[0m\n"));
  EXPECT_THAT(text, Not(HasSubstr("\x1b[32m")));
}

// A neighbour's message is foreign, and goes to a terminal.
TEST(Render, NothingForeignSteersTheTerminal) {
  Snapshot snapshot = web::healthy();
  snapshot.bgp.sessions[0].message =
      "a\x1b[2Jb\n  announced  c\xC2\x9B"
      "d\xFF";
  snapshot.bgp.sessions[0].last_error =
      "e\x07"
      "f";
  snapshot.decisions[0].reason = "g\x1b[31mh";
  snapshot.alarms = {"i\rj"};
  for (const std::string& text : {bgp_text(snapshot), status_text(snapshot)}) {
    for (const char* octets : {"\x1b", "\x07", "\r", "\xC2\x9B", "\xFF"})
      EXPECT_THAT(text, Not(HasSubstr(octets)));
  }
  EXPECT_THAT(bgp_text(snapshot), HasSubstr("\"a?[2Jb?  announced  c?d?\""));
}

}  // namespace
}  // namespace imrs::ctl

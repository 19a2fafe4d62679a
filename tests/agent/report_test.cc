#include "agent/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace imrs::agent {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Snapshot healthy() {
  Snapshot s;
  s.decisions.push_back({.family = Family::V4,
                         .neighbour = "",
                         .phase = "up",
                         .overlay = "none",
                         .announce = true,
                         .reason = "",
                         .prefixes = {}});
  s.bgp.bird_connected = true;
  s.bgp.sessions.push_back({.name = "host4",
                            .neighbour = "192.0.2.2",
                            .state = "Established",
                            .since = "",
                            .last_error = "",
                            .message = "",
                            .exported = {}});
  s.zones.push_back({.origin = ".",
                     .last_attempt = "unchanged",
                     .last_source = "",
                     .last_reason = "",
                     .primaries = {},
                     .refusals = {}});
  s.probes.push_back({.service = "199.7.83.42", .last = "right"});
  s.programs.push_back({.name = "imrs-engine", .pid = 12});
  s.links.push_back({.device = "eth0"});
  return s;
}

TEST(Alarms, NoneWhenAllIsWell) { EXPECT_THAT(alarms(healthy()), IsEmpty()); }

TEST(Alarms, EachTroubleIsNamed) {
  struct Case {
    const char* description;
    void (*spoil)(Snapshot&);
    const char* want;
  };
  const Case cases[] = {
      {"withdrawn",
       [](Snapshot& s) {
         s.decisions[0].announce = false;
         s.decisions[0].reason = "wrong answer";
       },
       "ipv4 is not announced to anybody: wrong answer"},
      {"BIRD away",
       [](Snapshot& s) {
         s.bgp.bird_connected = false;
         s.bgp.bird_error = "refused";
       },
       "BIRD: refused"},
      {"BIRD with a foreign configuration", [](Snapshot& s) { s.bgp.bird_error = "not ours"; },
       "BIRD: not ours"},
      {"session down",
       [](Snapshot& s) {
         s.bgp.sessions[0].state = "Idle";
         s.bgp.sessions[0].last_error = "Link down";
       },
       "session host4 with 192.0.2.2 is Idle: Link down"},
      {"zone refused",
       [](Snapshot& s) {
         s.zones[0].last_attempt = "refused";
         s.zones[0].last_reason = "RRSIG";
       },
       "refused: RRSIG"},
      {"newer version not served",
       [](Snapshot& s) {
         s.zones[0].serial = 1;
         s.zones[0].last_serial = 2;
       },
       "serial 2 is verified, but 1 is served"},
      {"probe silent", [](Snapshot& s) { s.probes[0].last = "silent"; }, "199.7.83.42 worker 0: silent"},
      {"cable unplugged", [](Snapshot& s) { s.links[0].carrier = false; },
       "the link eth0 is down: is its cable plugged in"},
      {"engine away", [](Snapshot& s) { s.programs[0].pid = 0; }, "imrs-engine is not running"},
  };
  for (const Case& c : cases) {
    Snapshot snapshot = healthy();
    c.spoil(snapshot);
    EXPECT_THAT(alarms(snapshot), ElementsAre(HasSubstr(c.want))) << c.description;
  }
}

TEST(BgpState, JoinsConfigurationAndObservation) {
  BgpConfig config;
  config.local_as = 20144;
  config.neighbours.resize(2);
  config.neighbours[0].name = "host4";
  config.neighbours[0].address = {Family::V4, "192.0.2.2"};
  config.neighbours[0].as = 64500;
  config.neighbours[0].password = "secret";
  config.neighbours[1].name = "host6";
  bgp::Observed observed;
  observed.connected = true;
  observed.sessions.push_back({.name = "host4",
                               .state = "Established",
                               .since = "then",
                               .last_error = "",
                               .message = "",
                               .exported = {"199.7.83.0/24"}});
  const BgpState state = bgp_state(config, observed);
  ASSERT_EQ(state.sessions.size(), 2U);
  EXPECT_EQ(state.sessions[0].state, "Established");
  EXPECT_EQ(state.sessions[0].neighbour_as, 64500U);
  EXPECT_THAT(state.sessions[0].exported, ElementsAre("199.7.83.0/24"));
  EXPECT_EQ(state.sessions[1].state, "unknown");  // BIRD does not know it (yet)
  Snapshot snapshot;
  snapshot.bgp = state;
  EXPECT_EQ(to_json(snapshot).find("secret"), std::string::npos);
}

}  // namespace
}  // namespace imrs::agent

// Sessions, exports and the host's filters, on snapshots as the agent sends them.
#include "agent/preflight/bgp_points.h"

#include <gmock/gmock.h>

#include "../web/sample.h"

namespace imrs::preflight {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

std::vector<NeighbourConfig> neighbours() {
  NeighbourConfig four, six;
  four.name = "host4";
  four.address = {Family::V4, "192.0.2.1"};
  four.as = six.as = 64500;
  six.name = "host6";
  six.address = {Family::V6, "2001:db8:100::1"};
  return {four, six};
}

std::vector<Prefix> prefixes() {
  using enum PrefixRole;
  return {{Family::V4, "199.7.83.0/24", Specific},
          {Family::V6, "2001:500:9f::/48", Specific},
          {Family::V6, "2001:500:3::/48", Specific},
          {Family::V4, "199.7.82.0/23", Covering},
          {Family::V6, "2001:500:9e::/47", Covering}};
}

Snapshot without_bird() {
  Snapshot snapshot = web::healthy();
  snapshot.bgp = {false, "/run/imrs-bird/bird.ctl: No such file or directory", {}};
  return snapshot;
}

Snapshot lacking(const std::string& prefix) {
  Snapshot snapshot = web::healthy();
  for (SessionState& session : snapshot.bgp.sessions) std::erase(session.exported, prefix);
  return snapshot;
}

Snapshot drained() {
  Snapshot snapshot = web::withdrawn("drained: maintenance");
  for (DecisionState& decision : snapshot.decisions) decision.overlay = "drained";
  return snapshot;
}

TEST(BgpPoints, SessionsAndPrefixes) {
  const struct {
    const char* description;
    Result<Snapshot> snapshot;
    Verdict sessions, exports;
    const char *sessions_evidence, *exports_evidence;
  } cases[] = {
      {"all well", web::healthy(), Verdict::Pass, Verdict::Pass, "host4 with 192.0.2.1 AS 64500: Established",
       "all 5 prefixes, each of its family: host4, host6"},
      {"no agent", Error{Errc::Unavailable, "no agent listens there"}, Verdict::Unknown, Verdict::Unknown,
       "no agent listens", "no agent listens"},
      {"no BIRD", without_bird(), Verdict::Fail, Verdict::Fail, "BIRD cannot be asked: /run",
       "BIRD cannot be asked"},
      {"a session down", web::with_session_down(Family::V6, "Active", "Socket: Connection refused", "moving"),
       Verdict::Fail, Verdict::Fail, "Active, Socket: Connection refused, they say \"moving\"",
       "host6 lacks 2001:500:9f::/48, 2001:500:3::/48, 2001:500:9e::/47"},
      {"one prefix lacking", lacking("2001:500:9e::/47"), Verdict::Pass, Verdict::Fail, "Established",
       "host6 lacks 2001:500:9e::/47"},
      {"withdrawn", web::withdrawn("wrong answer"), Verdict::Pass, Verdict::Fail, "Established",
       "(wrong answer)"},
  };
  for (const auto& c : cases) {
    const Finding sessions = judge_sessions(neighbours(), c.snapshot);
    const Finding exports = judge_exports(neighbours(), prefixes(), c.snapshot);
    EXPECT_EQ(sessions.verdict, c.sessions) << c.description << ": " << sessions.evidence;
    EXPECT_EQ(exports.verdict, c.exports) << c.description << ": " << exports.evidence;
    EXPECT_THAT(sessions.evidence, HasSubstr(c.sessions_evidence)) << c.description;
    EXPECT_THAT(exports.evidence, HasSubstr(c.exports_evidence)) << c.description;
  }
}

std::vector<NeighbourConfig> only(Family family) {
  auto all = neighbours();
  std::erase_if(all, [&](const NeighbourConfig& one) { return one.address.family != family; });
  return all;
}

TEST(BgpPoints, APrefixThatNoNeighbourCanHaveFails) {
  const char* const no4 = "nobody has 199.7.83.0/24, 199.7.82.0/23: no IPv4 neighbour is configured";
  const char* const no6 = "nobody has 2001:500:9f::/48, 2001:500:3::/48, 2001:500:9e::/47: no IPv6 neighbour";
  const struct {
    const char* description;
    std::vector<NeighbourConfig> neighbours;
    Snapshot snapshot;
    std::vector<const char*> evidence, remedy;
  } cases[] = {
      {"IPv4 alone", only(Family::V4), web::healthy(), {no6}, {"an IPv6 session"}},
      {"IPv6 alone", only(Family::V6), web::healthy(), {no4}, {"an IPv4 session"}},
      {"nobody at all", {}, web::healthy(), {no4, no6}, {"an IPv4 session", "an IPv6 session"}},
      {"and one that is lacking too",
       only(Family::V4),
       lacking("199.7.83.0/24"),
       {"host4 lacks 199.7.83.0/24", no6},
       {"imrsctl status", "an IPv6 session"}},
  };
  for (const auto& c : cases) {
    const Finding finding = judge_exports(c.neighbours, prefixes(), c.snapshot);
    EXPECT_EQ(finding.verdict, Verdict::Fail) << c.description << ": " << finding.evidence;
    for (const char* text : c.evidence) EXPECT_THAT(finding.evidence, HasSubstr(text)) << c.description;
    for (const char* text : c.remedy) EXPECT_THAT(finding.remedy, HasSubstr(text)) << c.description;
  }
  std::vector<Prefix> of4 = prefixes();
  std::erase_if(of4, [](const Prefix& one) { return one.family == Family::V6; });
  EXPECT_EQ(judge_exports(only(Family::V4), of4, web::healthy()).verdict, Verdict::Pass) << "none of IPv6";
}

TEST(BgpPoints, WhatWasOrderedCanBeResumed) {
  EXPECT_THAT(judge_exports(neighbours(), prefixes(), drained()).remedy, HasSubstr("imrsctl resume"));
  EXPECT_THAT(judge_exports(neighbours(), prefixes(), web::withdrawn("x")).remedy, Not(HasSubstr("resume")));
}

TEST(BgpPoints, ASessionThatBirdDoesNotHaveFails) {
  Snapshot snapshot = web::healthy();
  snapshot.bgp.sessions.pop_back();
  EXPECT_EQ(judge_sessions(neighbours(), snapshot).verdict, Verdict::Fail);
  EXPECT_EQ(judge_exports(neighbours(), prefixes(), snapshot).verdict, Verdict::Fail);
  EXPECT_THAT(judge_sessions(neighbours(), snapshot).evidence, HasSubstr("host6: BIRD has no such session"));
}

SpoofTest test_sent(const char* error) {
  return {"198.51.100.8", "185.1.1.2", "198.51.100.9", "imrs-01020304", 33533, error};
}

TEST(BgpPoints, SourceFilter) {
  const struct {
    const char* description;
    SpoofFacts facts;
    Verdict want;
    const char *evidence, *remedy;
  } cases[] = {
      {"nothing is known", {{}, 0, {}}, Verdict::Unknown, "nothing forged was sent", "--spoof-test"},
      {"nothing came",
       {ForgedSeen{0, 0}, 0, {}},
       Verdict::Unknown,
       "0 packets from addresses",
       "--spoof-test"},
      {"rp_filter", {{}, 12, {}}, Verdict::Unknown, "12 that rp_filter has dropped", "BCP 38"},
      {"our own addresses came",
       {ForgedSeen{7, 0}, 0, {}},
       Verdict::Fail,
       "7 packets from addresses",
       "BCP 38"},
      {"nobody's came", {ForgedSeen{0, 3}, 0, {}}, Verdict::Fail, "3 from nobody's", "show this to the host"},
      {"sent",
       {{}, 0, test_sent("")},
       Verdict::Unknown,
       "claim to be from 198.51.100.9",
       "imrs-01020304 forged"},
      {"not sent",
       {{}, 0, test_sent("raw socket: Operation not permitted")},
       Verdict::Unknown,
       "nothing forged was sent to 198.51.100.8: raw socket",
       "as root"},
      {"what came counts more", {ForgedSeen{1, 0}, 0, test_sent("")}, Verdict::Fail, "1 packets", "BCP 84"},
  };
  for (const auto& c : cases) {
    const Finding finding = judge_source_filter(c.facts);
    EXPECT_EQ(finding.verdict, c.want) << c.description << ": " << finding.evidence;
    EXPECT_THAT(finding.evidence, HasSubstr(c.evidence)) << c.description;
    EXPECT_THAT(finding.remedy, HasSubstr(c.remedy)) << c.description;
  }
}

}  // namespace
}  // namespace imrs::preflight

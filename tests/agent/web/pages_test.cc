#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>

#include "agent/web/bgp_json.h"
#include "agent/web/frame.h"
#include "agent/web/noc_page.h"
#include "agent/web/ops_page.h"
#include "agent/web/assets.h"
#include "exhibit.h"

namespace imrs::web {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

std::string noc(const Snapshot& snapshot, std::int64_t now_ms = kNow, std::string_view zone = "UTC") {
  Exhibit exhibit;
  return noc_page(snapshot, exhibit.view(&snapshot).telemetry, now_ms, zone);
}

std::string ops(const Snapshot& snapshot) {
  Exhibit exhibit;
  return ops_page(snapshot, exhibit.view(&snapshot).telemetry, kNow, "<h2>Preflight</h2>");
}

std::string bgp(const Snapshot& snapshot, std::int64_t now_ms = kNow) {
  Exhibit exhibit;
  return bgp_json(snapshot, exhibit.view(&snapshot).telemetry, now_ms);
}

TEST(NocPage, ShowsWhatANocNeeds) {
  EXPECT_THAT(noc(healthy()),
              AllOf(HasSubstr("fra02.l.example"), HasSubstr("Calypso appliance, single"),
                    HasSubstr("Announcing all 5 prefixes"), HasSubstr("192.0.2.1"),
                    HasSubstr("2001:db8:100::1"), HasSubstr("AS 64500"), HasSubstr("AS 20144"),
                    HasSubstr("Established"), HasSubstr("2026-11-24 11:00:00.123 UTC"),
                    HasSubstr("2001:500:9e::/47"), HasSubstr("covering"),
                    HasSubstr("2026-11-24 12:00:00 UTC"), HasSubstr("href=\"/api/bgp\"")));
}

TEST(NocPage, TitleTellsTheStateInATab) {
  const struct {
    Snapshot snapshot;
    std::int64_t age;
    const char* want;
  } cases[] = {{healthy(), 0, "<title>OK fra02"},
               {withdrawn("x"), 0, "<title>DOWN fra02"},
               {with_session_down(Family::V4, "Idle", "", ""), 0, "<title>WARNING fra02"},
               {healthy(), 9000, "<title>UNKNOWN fra02"}};
  for (const auto& c : cases) {
    EXPECT_THAT(noc(c.snapshot, kNow + c.age), HasSubstr(c.want));
  }
}

TEST(NocPage, WarnsWhenTheAgentIsSilent) {
  EXPECT_THAT(noc(healthy(), kNow + 12'000),
              AllOf(HasSubstr("has not reported for 12 s"), HasSubstr("do not rely on it")));
  EXPECT_THAT(noc(healthy()), Not(HasSubstr("do not rely on it")));
}

TEST(NocPage, SaysWhyAPrefixIsWithdrawn) {
  EXPECT_THAT(noc(withdrawn("wrong answer: 199.7.83.42")),
              AllOf(HasSubstr("Withdrawn: wrong answer: 199.7.83.42"), HasSubstr("Not announced")));
}

TEST(NocPage, GivesBirdsTimeAZoneUnlessItHasOne) {
  Snapshot snapshot = healthy();
  EXPECT_THAT(noc(snapshot, kNow, "CET"), HasSubstr("11:00:00.123 CET"));
  snapshot.bgp.sessions[0].since = "2026-11-24T11:00:00Z";
  EXPECT_THAT(noc(snapshot, kNow, "CET"), HasSubstr("11:00:00Z<"));
}

TEST(NocPage, ShowsTheNeighboursMessageAsText) {
  const std::string page = noc(with_session_down(Family::V4, "Active", "Received: Administrative shutdown",
                                                 "line card <script>alert(1)</script> & \"more\""));
  EXPECT_THAT(page, HasSubstr("<bdi>line card &lt;script&gt;alert(1)&lt;/script&gt; &amp; "
                              "&quot;more&quot;</bdi>"));
  EXPECT_THAT(page, Not(HasSubstr("<script>")));
}

// Every text of a snapshot replaced by a tag: none may come out as one.
Snapshot hostile() {
  const std::string tag = "<b onload=\"x\">'&";
  Snapshot s = with_session_down(Family::V4, tag, tag, tag);
  for (std::string* text : {&s.identity, &s.kind, &s.appliance, &s.version, &s.image_digest}) *text = tag;
  for (DecisionState& family : s.decisions) {
    family.phase = family.reason = tag;
    for (PrefixState& prefix : family.prefixes) prefix.prefix = prefix.role = tag;
  }
  for (SessionState& session : s.bgp.sessions) {
    session.name = session.neighbour = session.since = session.message = tag;
    session.exported = {tag};
  }
  s.bgp.bird_connected = false;
  s.bgp.bird_error = tag;
  for (ZoneState& zone : s.zones) zone.origin = zone.last_attempt = zone.last_reason = tag;
  for (ProbeState& probe : s.probes) probe.service = probe.last = tag;
  for (ProgramState& program : s.programs) program.name = tag;
  s.alarms = {tag};
  return s;
}

TEST(Pages, NoTextFromASnapshotBecomesMarkup) {
  for (const std::string& page : {noc(hostile()), ops(hostile())}) {
    EXPECT_THAT(page, Not(HasSubstr("<b ")));
    EXPECT_THAT(page, Not(HasSubstr("onload=\"")));
    EXPECT_THAT(page, HasSubstr("&lt;b onload=&quot;x&quot;&gt;&#39;&amp;"));
  }
}

// What runs comes from this server, and nothing is in the page itself.
TEST(Pages, HaveNoInlineScriptAndFetchNothingForeign) {
  for (const std::string& page : {noc(healthy()), ops(healthy()), waiting_page()}) {
    for (std::size_t at = page.find("<script"); at != std::string::npos; at = page.find("<script", at + 1)) {
      EXPECT_TRUE(page.substr(at).starts_with("<script src=\"/assets/")) << page.substr(at, 80);
      EXPECT_EQ(page.find("></script>", at), page.find('>', at)) << page.substr(at, 80);
    }
    EXPECT_THAT(page, Not(HasSubstr("://")));
    EXPECT_THAT(page, Not(HasSubstr("style=\"")));
    EXPECT_THAT(page, HasSubstr("<html lang=\"en\">"));
  }
  for (const Asset& asset : assets()) {
    if (!asset.name.ends_with(".css")) continue;
    const std::string text(asset.content.begin(), asset.content.end());
    EXPECT_THAT(text, Not(HasSubstr("url("))) << asset.name;
    EXPECT_THAT(text, Not(HasSubstr("@import"))) << asset.name;
  }
}

// Without JavaScript they load themselves anew; with it they need not.
TEST(Pages, RenewThemselves) {
  for (const std::string& page : {noc(healthy()), ops(healthy())}) {
    EXPECT_THAT(page, HasSubstr("<noscript><meta http-equiv=\"refresh\" content=\"5\"></noscript>"));
    EXPECT_THAT(page, HasSubstr("<main id=\"state\">"));
  }
}

TEST(NocPages, SayWhatToDoAndWhomToCall) {
  WebSettings settings = sample_settings();
  settings.contact = "ICANN <noc@example>, +1 555 0100";
  Exhibit exhibit(std::move(settings));
  const Snapshot snapshot = healthy();
  EXPECT_THAT(noc_page(snapshot, exhibit.view(&snapshot).telemetry, kNow, "UTC"),
              AllOf(HasSubstr("ICANN &lt;noc@example&gt;, +1 555 0100"),
                    HasSubstr("the route goes away by itself"), HasSubstr("<summary>BIRD 2</summary>"),
                    HasSubstr("192.0.2.2"), HasSubstr("eth0: 36.00 GB in")));
}

TEST(NocPages, TellNothingAboutWhichQueriesAndZones) {
  Snapshot snapshot = healthy();
  snapshot.alarms = {"secret alarm"};
  for (const std::string& page : {noc(snapshot), bgp(snapshot)}) {
    for (const char* ops : {"812345678", "812,345,678", "2026112401", "4711", "secret alarm", "imrs-zone",
                            "9f86d081", "192.0.2.53"}) {
      EXPECT_THAT(page, Not(HasSubstr(ops)));
    }
  }
}

TEST(OpsPage, ShowsTheMainFigures) {
  Snapshot snapshot = healthy();
  snapshot.alarms = {"zone . refused"};
  EXPECT_THAT(ops(snapshot),
              AllOf(HasSubstr("zone . refused"), HasSubstr("2026112401"), HasSubstr("1 min 30 s"),
                    HasSubstr("4,711"), HasSubstr("not running"), HasSubstr("id=\"charts\""),
                    HasSubstr("pid 812"), HasSubstr("href=\"/metrics\""), HasSubstr("href=\"/api/state\""),
                    HasSubstr("9f86d081884c7d65<")));
}

TEST(BgpJson, HasTheDocumentedMembers) {
  const auto json = nlohmann::json::parse(bgp(healthy(), kNow + 1500));
  EXPECT_EQ(json["identity"], "fra02.l.example");
  EXPECT_EQ(json["time"], "2026-11-24T12:00:00.000Z");
  EXPECT_EQ(json["age_seconds"], 1.5);
  EXPECT_EQ(json["stale"], false);
  EXPECT_EQ(json["verdict"]["level"], "good");
  EXPECT_EQ(json["verdict"]["headline"], "Announcing all 5 prefixes");
  EXPECT_EQ(json["bird"]["connected"], true);
  EXPECT_EQ(json["families"][1]["family"], "ipv6");
  EXPECT_EQ(json["families"][1]["phase"], "up");
  EXPECT_EQ(json["sessions"].size(), 2U);
  EXPECT_EQ(json["sessions"][0]["established"], true);
  EXPECT_EQ(json["sessions"][0]["announced"].size(), 2U);
  EXPECT_EQ(json["sessions"][0]["neighbour_as"], 64500);
  EXPECT_EQ(json["prefixes"].size(), 5U);
  EXPECT_EQ(json["prefixes"][4]["exported_to"], nlohmann::json::array({"host6"}));
}

TEST(BgpJson, GivesReasonsAndBirdsOwnWords) {
  const auto json = nlohmann::json::parse(
      bgp(with_session_down(Family::V4, "Active", "Received: Administrative reset", "caf\xE9")));
  const auto& session = json["sessions"][0];
  EXPECT_EQ(session["last_error"], "Received: Administrative reset");
  EXPECT_EQ(session["last_error_meaning"], "The neighbour closed the session: Administrative reset");
  EXPECT_EQ(session["message"], "caf\xEF\xBF\xBD") << "not UTF-8: replaced, not refused";
  EXPECT_EQ(session["withdrawn"][1]["prefix"], "199.7.82.0/23");
  EXPECT_EQ(session["withdrawn"][1]["reason"], "the session is not established");
}

}  // namespace
}  // namespace imrs::web

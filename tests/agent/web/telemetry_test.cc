// What imrs-web remembers of the traffic: points of ten seconds, phases, loads.
#include "agent/web/telemetry.h"

#include <gmock/gmock.h>

#include <cmath>
#include <regex>
#include <set>

#include "agent/web/assets.h"
#include "exhibit.h"
#include "tests/support/temp_directory.h"

namespace imrs::web {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::IsSupersetOf;
using testing::SizeIs;

constexpr std::int64_t kStepMs = Series::kStep * 1000;
constexpr std::int64_t kToday = kNow / 1000 / 86400;

TrafficCounters& udp4(Exhibit& exhibit, std::size_t worker) { return exhibit.worker(worker).traffic[0][0]; }

std::map<std::string, double> by_name(const Values& values) { return {values.begin(), values.end()}; }

// A snapshot without zones and decisions.
Snapshot bare() {
  Snapshot snapshot = healthy();
  snapshot.zones.clear();
  snapshot.decisions.clear();
  return snapshot;
}

DecisionState decision(Family family, const std::string& phase) {
  DecisionState out;
  out.family = family;
  out.neighbour = "host4";
  out.phase = phase;
  return out;
}

TEST(Telemetry, APointForEachTenSeconds) {
  Exhibit exhibit;
  Telemetry& telemetry = exhibit.telemetry();
  EXPECT_FALSE(telemetry.look(kNow + 4000, nullptr)) << "there is nothing to compare with";
  count(udp4(exhibit, 0).queries, 30);
  count(udp4(exhibit, 1).queries, 12);
  EXPECT_FALSE(telemetry.look(kNow + 9999, nullptr));
  const auto point = telemetry.look(kNow + kStepMs, nullptr);
  ASSERT_TRUE(point);
  EXPECT_EQ(point->time, kNow / 1000) << "its begin";
  EXPECT_DOUBLE_EQ(by_name(point->values)["queries.udp.ipv4"], 7) << "both workers' in six seconds";
  EXPECT_FALSE(telemetry.look(kNow + kStepMs + 1000, nullptr));
  const auto next = telemetry.look(kNow + 2 * kStepMs + 500, nullptr);
  ASSERT_TRUE(next);
  EXPECT_EQ(by_name(next->values)["queries.udp.ipv4"], 0);
  EXPECT_THAT(telemetry.series().window(60).series.at("queries.udp.ipv4"), ElementsAre(7, 0));
  EXPECT_EQ(telemetry.series().window(60).start, kNow / 1000);
}

TEST(Telemetry, TheLastValueByName) {
  Exhibit exhibit;
  EXPECT_TRUE(std::isnan(exhibit.telemetry().last("queries.udp.ipv4"))) << "nothing yet";
  (void)exhibit.telemetry().look(kNow, nullptr);
  count(udp4(exhibit, 0).queries, 50);
  (void)exhibit.telemetry().look(kNow + kStepMs, nullptr);
  EXPECT_DOUBLE_EQ(exhibit.telemetry().last("queries.udp.ipv4"), 5);
  EXPECT_TRUE(std::isnan(exhibit.telemetry().last("queries.udp.ipv5")));
}

TEST(Telemetry, AClockThatGoesBackMakesNoPoint) {
  Exhibit exhibit;
  Telemetry& telemetry = exhibit.telemetry();
  (void)telemetry.look(kNow, nullptr);
  (void)telemetry.look(kNow + kStepMs, nullptr);
  count(udp4(exhibit, 0).queries, 1000);
  EXPECT_FALSE(telemetry.look(kNow - 60'000, nullptr));
  count(udp4(exhibit, 0).queries, 10);
  const auto point = telemetry.look(kNow - 50'000, nullptr);
  ASSERT_TRUE(point);
  EXPECT_DOUBLE_EQ(by_name(point->values)["queries.udp.ipv4"], 1) << "of the ten seconds since then";
}

TEST(Telemetry, AfterAPauseTheRateIsThatOfAllOfIt) {
  Exhibit exhibit;
  (void)exhibit.telemetry().look(kNow, nullptr);
  count(udp4(exhibit, 0).queries, 90);
  const auto point = exhibit.telemetry().look(kNow + 3 * kStepMs, nullptr);
  ASSERT_TRUE(point);
  EXPECT_DOUBLE_EQ(by_name(point->values)["queries.udp.ipv4"], 3);
  EXPECT_EQ(point->time, kNow / 1000 + 20);
}

// The charts' names are in the page's own script; what it asks for has to be there.
TEST(Telemetry, KnowsEveryNameOfTheCharts) {
  const Asset* const catalogue = find_asset("catalogue.js");
  ASSERT_NE(catalogue, nullptr);
  const std::string script(catalogue->content.begin(), catalogue->content.end());
  std::set<std::string> wanted, prefixes;
  const std::regex fixed(R"re(\["([a-z0-9.-]+)", ")re"), busiest(R"re(busiest\("([a-z]+\.)")re");
  for (std::sregex_iterator i(script.begin(), script.end(), fixed), end; i != end; ++i) {
    const std::string name = (*i)[1];
    const bool is_path = name.starts_with("udp.ipv") || name.starts_with("tcp.ipv");
    if (!is_path) wanted.insert(name);
    if (is_path) wanted.insert({"queries." + name, "responses." + name});
  }
  for (std::sregex_iterator i(script.begin(), script.end(), busiest), end; i != end; ++i)
    prefixes.insert((*i)[1]);
  ASSERT_GE(wanted.size(), 25U) << "has catalogue.js another form now?";
  ASSERT_THAT(prefixes, ElementsAre("rcode.", "server.", "type."));

  Exhibit exhibit;
  (void)exhibit.telemetry().look(kNow, nullptr);
  count(udp4(exhibit, 0).rcodes[0]);
  count(udp4(exhibit, 0).types[1]);
  const auto point = exhibit.telemetry().look(kNow + kStepMs, nullptr);
  ASSERT_TRUE(point);
  std::vector<std::string> names;
  for (const auto& [name, value] : point->values) names.push_back(name);
  EXPECT_THAT(names, IsSupersetOf(wanted));
  for (const std::string& prefix : prefixes) {
    EXPECT_TRUE(std::ranges::any_of(names, [&](const auto& name) { return name.starts_with(prefix); }))
        << prefix;
  }
}

TEST(Telemetry, SourcesOfTheDayAreThoseOfMemoryAndBook) {
  Exhibit exhibit;
  counts::DayTables& tables = exhibit.pages().tables()[1].days[kToday % 2];
  tables.day.store(static_cast<std::uint64_t>(kToday) + 1);
  for (std::uint64_t i = 1; i <= 2000; ++i) tables.ipv6.add(counts::mix(i));
  (void)exhibit.telemetry().look(kNow, nullptr);
  EXPECT_NEAR(exhibit.telemetry().sources().ipv6, 2000, 40);
  tables.day.store(0);  // the engine's memory is another now
  tables.ipv6.clear();
  (void)exhibit.telemetry().look(kNow + kStepMs, nullptr);
  EXPECT_NEAR(exhibit.telemetry().sources().ipv6, 2000, 40) << "the book still has them";
  EXPECT_NEAR(exhibit.telemetry().last("sources.ipv6"), 2000, 40);
  EXPECT_EQ(exhibit.telemetry().sources().ipv4, 0);
}

TEST(Telemetry, BandsFollowEachOther) {
  Exhibit exhibit;
  Snapshot snapshot = bare();
  snapshot.decisions = {decision(Family::V4, "rising"), decision(Family::V6, "up")};
  exhibit.telemetry().take(snapshot);
  snapshot.time_ms += 5000;
  exhibit.telemetry().take(snapshot);
  snapshot.time_ms += 5000;
  snapshot.decisions[0].phase = "up";
  snapshot.decisions[0].announce = true;
  exhibit.telemetry().take(snapshot);
  const auto& all = exhibit.telemetry().bands();
  ASSERT_THAT(all, SizeIs(2)) << "by neighbour and family";
  ASSERT_THAT(all[0].bands, SizeIs(2));
  EXPECT_EQ(all[0].bands[0].phase, "rising");
  EXPECT_EQ(all[0].bands[0].to, all[0].bands[1].from);
  EXPECT_EQ(all[0].bands[1].from, kNow / 1000 + 10);
  EXPECT_TRUE(all[0].bands[1].announced);
  EXPECT_THAT(all[1].bands, SizeIs(1));
  EXPECT_EQ(all[1].bands[0].to, kNow / 1000 + 10);
}

TEST(Telemetry, BandsOfMoreThanADayAgoAreForgotten) {
  Exhibit exhibit;
  Snapshot snapshot = bare();
  snapshot.decisions = {decision(Family::V4, "down")};
  exhibit.telemetry().take(snapshot);
  snapshot.time_ms += 1000;
  snapshot.decisions[0].phase = "up";
  exhibit.telemetry().take(snapshot);
  snapshot.time_ms += 86'400'000 + 1000;
  exhibit.telemetry().take(snapshot);
  const auto& bands = exhibit.telemetry().bands().at(0).bands;
  ASSERT_THAT(bands, SizeIs(1));
  EXPECT_EQ(bands[0].phase, "up");
}

// A version that went live now, as the agent says it.
Snapshot with_load(std::uint32_t serial, std::int64_t loaded_ms) {
  Snapshot snapshot = healthy();
  snapshot.time_ms = loaded_ms + 200;
  snapshot.zones[0].serial = serial;
  snapshot.zones[0].loaded_ms = loaded_ms;
  snapshot.zones[0].axfr_octets = 1'300'000;
  snapshot.load = {.transfer = 1000, .verify = 500, .compile = 300, .audit = 700, .swap = 100};
  return snapshot;
}

TEST(Telemetry, AVersionIsLoadedOnce) {
  Exhibit exhibit;
  Telemetry& telemetry = exhibit.telemetry();
  (void)telemetry.look(kNow, nullptr);
  for (int i = 0; i < 3; ++i) telemetry.take(with_load(2026112402, kNow));
  telemetry.take(with_load(2026112403, kNow + 5000));
  ASSERT_THAT(telemetry.loads(), SizeIs(2));
  EXPECT_EQ(telemetry.loads()[0].serial, 2026112402U);
  EXPECT_EQ(telemetry.loads()[0].time, kNow / 1000);
  EXPECT_EQ(telemetry.loads()[0].zone, ".");
  EXPECT_DOUBLE_EQ(telemetry.loads()[1].seconds, 2.6);
  const rssac002::Day& day = telemetry.book().today();
  EXPECT_THAT(day.load_seconds.at(2026112402), ElementsAre(3U)) << "rounded";
  EXPECT_EQ(day.zone_octets.at(2026112403), 1'300'000U);
}

TEST(Telemetry, OnlyTheRootIsOfRssac002) {
  Exhibit exhibit;
  (void)exhibit.telemetry().look(kNow, nullptr);
  Snapshot snapshot = with_load(7, kNow);
  snapshot.zones[0].origin = "arpa.";
  exhibit.telemetry().take(snapshot);
  EXPECT_THAT(exhibit.telemetry().loads(), SizeIs(1));
  EXPECT_THAT(exhibit.telemetry().book().today().load_seconds, IsEmpty());
  EXPECT_THAT(exhibit.telemetry().book().today().zone_octets, IsEmpty());
}

TEST(Telemetry, WhatCameFromTheDiskWasNotLearntOfToday) {
  Exhibit exhibit;
  (void)exhibit.telemetry().look(kNow, nullptr);
  Snapshot snapshot = with_load(2026112402, kNow);
  snapshot.load = {};
  exhibit.telemetry().take(snapshot);
  EXPECT_THAT(exhibit.telemetry().book().today().load_seconds, IsEmpty());
}

// imrs-web starts anew at noon, and the version has been served since yesterday: its load-time is in
// yesterday's file.
TEST(Telemetry, WhatWasLoadedYesterdayIsNotLoadedAgainToday) {
  Exhibit exhibit;
  (void)exhibit.telemetry().look(kNow, nullptr);
  Snapshot snapshot = with_load(2026112302, kNow - 86'400'000);
  snapshot.time_ms = kNow;
  exhibit.telemetry().take(snapshot);
  EXPECT_THAT(exhibit.telemetry().book().today().load_seconds, IsEmpty());
}

// LoadState is of the last version of whichever zone.
TEST(Telemetry, AZoneIsNotGivenTheTimesOfAnother) {
  Exhibit exhibit;
  (void)exhibit.telemetry().look(kNow, nullptr);
  Snapshot snapshot = with_load(2026112402, kNow - 3'600'000);
  snapshot.zones.push_back(snapshot.zones[0]);
  snapshot.zones[1].origin = "arpa.";
  snapshot.zones[1].serial = 9;
  snapshot.zones[1].loaded_ms = kNow;  // the last, and what `load` is about
  snapshot.time_ms = kNow + 200;
  exhibit.telemetry().take(snapshot);
  EXPECT_THAT(exhibit.telemetry().book().today().load_seconds, IsEmpty()) << "arpa's, given to the root";
}

TEST(Telemetry, LoadsAreBounded) {
  Exhibit exhibit;
  for (std::uint32_t serial = 1; serial <= 2000; ++serial)
    exhibit.telemetry().take(with_load(serial, kNow + serial));
  EXPECT_LE(exhibit.telemetry().loads().size(), 500U);
  EXPECT_EQ(exhibit.telemetry().loads().back().serial, 2000U);
}

TEST(Telemetry, TheBookIsKeptInTheStateDirectory) {
  test::TempDirectory directory;
  std::filesystem::create_directory(directory.path("rssac002"));
  WebSettings settings = sample_settings();
  settings.state_directory = directory.path();
  {
    Exhibit exhibit(settings);
    exhibit.telemetry().open(kNow);
    count(udp4(exhibit, 0).queries, 5);
    (void)exhibit.telemetry().look(kNow, nullptr);
    exhibit.telemetry().save(kNow + 1000);
    EXPECT_EQ(exhibit.telemetry().book().last_write(), kNow / 1000 + 1);
  }
  Exhibit exhibit(settings);  // another agent's counts
  exhibit.telemetry().open(kNow + 2000);
  count(udp4(exhibit, 0).queries, 3);
  (void)exhibit.telemetry().look(kNow + 2000, nullptr);
  EXPECT_EQ(exhibit.telemetry().book().today().volumes[0][0].queries, 8U);
}

}  // namespace
}  // namespace imrs::web

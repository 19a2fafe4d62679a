// JSON for the charts.
#include "agent/web/api_json.h"

#include <gmock/gmock.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "exhibit.h"

namespace imrs::web {
namespace {

using nlohmann::json;
using testing::HasSubstr;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr std::int64_t kToday = kNow / 1000 / 86400;

json now_of(Exhibit& exhibit) {
  (void)exhibit.telemetry().look(kNow, nullptr);
  return json::parse(now_json(exhibit.telemetry(), kNow));
}

void name_at(Exhibit& exhibit, std::size_t place, const std::string& name) {
  counts::NameTable& table = exhibit.pages().names();
  for (std::size_t i = 0; i < name.size(); ++i) table.names[place][i].store(name[i]);
  table.used.store(std::max<std::uint64_t>(table.used.load(), place + 1));
}

void note_missing(Exhibit& exhibit, const std::string& label, int times) {
  counts::DayTables& tables = exhibit.pages().tables()[0].days[kToday % 2];
  tables.day.store(static_cast<std::uint64_t>(kToday) + 1);
  std::vector<std::uint8_t> wire{static_cast<std::uint8_t>(label.size())};
  wire.insert(wire.end(), label.begin(), label.end());
  for (int i = 0; i < times; ++i) tables.missing.note(wire);
}

TEST(ApiJson, SeriesAreAllOfOneLength) {
  Exhibit exhibit;
  Telemetry& telemetry = exhibit.telemetry();
  for (int i = 0; i <= 5; ++i) {
    if (i > 2) count(exhibit.worker(0).traffic[0][0].rcodes[2], 10);  // SERVFAIL only later
    (void)telemetry.look(kNow + i * 10'000, nullptr);
  }
  const json all = json::parse(series_json(telemetry, 3600, kNow + 50'000));
  EXPECT_EQ(all.at("step"), 10);
  EXPECT_EQ(all.at("start"), kNow / 1000);
  EXPECT_EQ(all.at("points"), 5);
  ASSERT_GT(all.at("series").size(), 10U);
  for (const auto& [name, values] : all.at("series").items()) EXPECT_EQ(values.size(), 5U) << name;
  EXPECT_EQ(all.at("series").at("rcode.SERVFAIL"), json::parse("[null, null, 1, 1, 1]"));
  EXPECT_EQ(all.at("series").at("time.p50"), json::parse("[null, null, null, null, null]"));
  const json last = json::parse(series_json(telemetry, 20, kNow + 50'000));
  EXPECT_EQ(last.at("points"), 2);
  EXPECT_EQ(last.at("start"), kNow / 1000 + 30);
}

TEST(ApiJson, NothingYetIsStillAChart) {
  Exhibit exhibit;
  const json all = json::parse(series_json(exhibit.telemetry(), 3600, kNow));
  EXPECT_EQ(all.at("points"), 0);
  EXPECT_GT(all.at("step"), 0);
  EXPECT_EQ(all.at("series"), json::object()) << "and not null";
  EXPECT_EQ(all.at("phases"), json::array());
  EXPECT_EQ(all.at("loads"), json::array());
}

TEST(ApiJson, PhasesAreCutToTheWindow) {
  Exhibit exhibit;
  Snapshot snapshot = healthy();
  snapshot.zones.clear();
  snapshot.decisions.resize(1);
  const auto go = [&](std::int64_t ms, const char* phase, bool announced) {
    snapshot.time_ms = kNow + ms;
    snapshot.decisions[0].phase = phase;
    snapshot.decisions[0].announce = announced;
    exhibit.telemetry().take(snapshot);
  };
  go(0, "down", false);
  go(100'000, "rising", false);
  go(200'000, "up", true);
  go(300'000, "up", true);
  const json all = json::parse(series_json(exhibit.telemetry(), 150, kNow + 300'000));
  const std::int64_t start = kNow / 1000;
  const json wanted = {
      {{"neighbour", "host4"},
       {"family", "ipv4"},
       {"bands",
        {{{"from", start + 150}, {"to", start + 200}, {"phase", "rising"}, {"announced", false}},
         {{"from", start + 200}, {"to", start + 300}, {"phase", "up"}, {"announced", true}}}}}};
  EXPECT_EQ(all.at("phases"), wanted) << all.at("phases").dump(1);
}

TEST(ApiJson, LoadsAreThoseOfTheWindow) {
  Exhibit exhibit;
  Snapshot snapshot = healthy();
  exhibit.telemetry().take(snapshot);  // loaded 90 s ago
  snapshot.zones[0].serial = 2026112402;
  snapshot.zones[0].loaded_ms = kNow;
  exhibit.telemetry().take(snapshot);
  const json all = json::parse(series_json(exhibit.telemetry(), 60, kNow));
  const json wanted = {{{"time", kNow / 1000}, {"zone", "."}, {"serial", 2026112402}, {"seconds", 0.923}}};
  EXPECT_EQ(all.at("loads"), wanted) << all.at("loads").dump(1);
  EXPECT_EQ(json::parse(series_json(exhibit.telemetry(), 90, kNow)).at("loads").size(), 2U);
}

TEST(ApiJson, TheBusiestDelegations) {
  Exhibit exhibit;
  for (std::size_t place = 1; place <= 60; ++place) {
    name_at(exhibit, place, "t" + std::to_string(place) + ".");
    count(exhibit.pages().tables()[place % 2].names[place].types[0], place);
  }
  name_at(exhibit, 61, "never-asked.");
  count(exhibit.pages().tables()[0].names[0].types[0], 1000);  // what has no place of its own
  count(exhibit.pages().tables()[0].names[60].types[kNameTypeOther], 5);
  count(exhibit.pages().tables()[1].names[60].types[1], 2);
  const json tlds = now_of(exhibit).at("tlds");
  EXPECT_EQ(tlds.at("types"), json::parse(R"(["A", "AAAA", "NS", "DS", "HTTPS", "TXT", "MX", "other"])"));
  ASSERT_EQ(tlds.at("rows").size(), 40U);
  EXPECT_EQ(tlds.at("rows")[0], json::parse(R"(["t60.", [60, 2, 0, 0, 0, 0, 0, 5]])"));
  EXPECT_EQ(tlds.at("rows")[39].at(0), "t21.");
}

TEST(ApiJson, NamesThatDoNotExist) {
  Exhibit exhibit;
  for (int i = 0; i < 60; ++i) note_missing(exhibit, "x" + std::to_string(i), 1);
  note_missing(exhibit, "Local", 7);
  const json missing = now_of(exhibit).at("missing");
  ASSERT_EQ(missing.size(), 50U);
  EXPECT_EQ(missing[0], json::parse(R"({"label": "local", "count": 7, "error": 0})"));
}

// A label is any octets; the JSON has to be readable all the same.
TEST(ApiJson, LabelsAreAnyOctets) {
  Exhibit exhibit;
  note_missing(exhibit, "\xff\xfe<\"\\\n", 3);
  note_missing(exhibit, std::string("\0", 1), 2);
  const json missing = now_of(exhibit).at("missing");
  ASSERT_EQ(missing.size(), 2U);
  EXPECT_EQ(missing[0].at("label"), R"(\255\254<\034\092\010)");
  EXPECT_EQ(missing[1].at("label"), R"(\000)");
}

TEST(ApiJson, SizesAreBinsOfSixteen) {
  Exhibit exhibit;
  count(exhibit.worker(0).traffic[0][0].query_sizes[2], 3);
  count(exhibit.worker(1).traffic[0][1].query_sizes[2], 4);  // the other family
  count(exhibit.worker(0).traffic[0][0].query_sizes[kQuerySizes - 1], 1);
  count(exhibit.worker(0).traffic[1][0].response_sizes[kResponseSizes - 1], 2);
  const json sizes = now_of(exhibit).at("sizes");
  EXPECT_EQ(sizes.at("query").at("udp"), json::parse("[[32, 47, 7], [288, null, 1]]"));
  EXPECT_EQ(sizes.at("query").at("tcp"), json::array());
  EXPECT_EQ(sizes.at("response").at("udp"), json::array());
  EXPECT_EQ(sizes.at("response").at("tcp"), json::parse("[[4096, null, 2]]"));
}

TEST(ApiJson, TimesAreBinsThatDouble) {
  Exhibit exhibit;
  count(exhibit.worker(0).times[0].bins[0], 5);
  count(exhibit.worker(1).times[1].bins[3], 6);
  count(exhibit.worker(1).times[0].bins[kTimes - 1], 7);
  const json times = now_of(exhibit).at("times");
  ASSERT_EQ(times.size(), kTimes);
  EXPECT_EQ(times[0], json::parse("[1, 5]"));
  EXPECT_EQ(times[3], json::parse("[8, 6]"));
  EXPECT_EQ(times[kTimes - 1], json::parse("[null, 7]"));
}

TEST(ApiJson, TheDaySoFar) {
  Exhibit exhibit;
  count(exhibit.worker(0).traffic[0][0].queries, 11);
  count(exhibit.worker(0).traffic[1][1].responses, 12);
  const json day = now_of(exhibit).at("rssac002");
  EXPECT_EQ(day.at("day"), "2026-11-24");
  EXPECT_EQ(day.at("traffic-volume").size(), 8U);
  EXPECT_EQ(day.at("traffic-volume").at("dns-udp-queries-received-ipv4"), 11);
  EXPECT_EQ(day.at("traffic-volume").at("dns-tcp-responses-sent-ipv6"), 12);
  EXPECT_EQ(day.at("unique-sources").at("num-sources-ipv6-aggregate"), 0);
}

TEST(ApiJson, APointIsOneLine) {
  const std::string text = point_json({kNow / 1000,
                                       {{"whole", 123456789},
                                        {"part", 1234.5678},
                                        {"small", 0.000123456},
                                        {"none", kNan},
                                        {"endless", std::numeric_limits<double>::infinity()},
                                        {"huge", 1e300},
                                        {"a\nb", 1}}});
  EXPECT_EQ(text.find('\n'), std::string::npos) << "or it would be several events: " << text;
  const json point = json::parse(text);
  EXPECT_EQ(point.at("time"), kNow / 1000);
  const json& series = point.at("series");
  EXPECT_EQ(series.at("whole"), 123456789) << "exact, for it is a count";
  EXPECT_EQ(series.at("part"), 1235);
  EXPECT_EQ(series.at("small"), 0.0001235);
  EXPECT_TRUE(series.at("none").is_null());
  EXPECT_TRUE(series.at("endless").is_null());
  EXPECT_EQ(series.at("huge"), 1e300);
}

}  // namespace
}  // namespace imrs::web

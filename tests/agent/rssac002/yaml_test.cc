// The published files, octet by octet. Their form is that of the RSSAC002-data collection of the RSSAC caucus
// (version 4), as L-root's files of 2022-06-01 have it: one file for each metric and UTC day, which starts
//
//   ---
//   version: rssac002v4
//   service: l.root-servers.net
//   start-period: 2022-06-01T00:00:00Z
//   metric: traffic-volume
//
// Bins of sizes have 16 octets; "288-" is the last one of requests, "4096-" that of responses; empty ones are
// left out. load-time is when 95 % of the instances served a serial, in whole seconds.
#include <gmock/gmock.h>

#include <set>

#include "tests/agent/rssac002/days.h"

namespace imrs::rssac002 {
namespace {

using test::day_number;
using test::empty_day;
using test::sketch_of;
using test::volume;

std::string head(const std::string& metric) {
  return "---\nversion: rssac002v4\nservice: l.root-servers.net\nstart-period: "
         "2022-06-01T00:00:00Z\nmetric: " +
         metric + "\n";
}

// L-root's numbers of that day.
TEST(Yaml, TrafficVolume) {
  Day day = empty_day("one");
  const struct {
    Transport transport;
    Family family;
    std::uint64_t queries, responses;
  } volumes[] = {{Transport::Udp, Family::V4, 6'834'490'513, 6'766'686'733},
                 {Transport::Udp, Family::V6, 2'809'927'588, 2'777'380'548},
                 {Transport::Tcp, Family::V4, 176'304'153, 176'102'579},
                 {Transport::Tcp, Family::V6, 56'501'195, 56'470'548}};
  for (const auto& v : volumes) {
    volume(day, v.transport, v.family).queries = v.queries;
    volume(day, v.transport, v.family).responses = v.responses;
  }
  EXPECT_EQ(yaml(day, "traffic-volume"), head("traffic-volume") +
                                             "dns-udp-queries-received-ipv4: 6834490513\n"
                                             "dns-udp-queries-received-ipv6: 2809927588\n"
                                             "dns-tcp-queries-received-ipv4: 176304153\n"
                                             "dns-tcp-queries-received-ipv6: 56501195\n"
                                             "dns-udp-responses-sent-ipv4: 6766686733\n"
                                             "dns-udp-responses-sent-ipv6: 2777380548\n"
                                             "dns-tcp-responses-sent-ipv4: 176102579\n"
                                             "dns-tcp-responses-sent-ipv6: 56470548\n");
}

TEST(Yaml, TrafficVolumeHasItsEightKeysAlsoWhenThereWasNone) {
  EXPECT_EQ(yaml(empty_day("one"), "traffic-volume"), head("traffic-volume") +
                                                          "dns-udp-queries-received-ipv4: 0\n"
                                                          "dns-udp-queries-received-ipv6: 0\n"
                                                          "dns-tcp-queries-received-ipv4: 0\n"
                                                          "dns-tcp-queries-received-ipv6: 0\n"
                                                          "dns-udp-responses-sent-ipv4: 0\n"
                                                          "dns-udp-responses-sent-ipv6: 0\n"
                                                          "dns-tcp-responses-sent-ipv4: 0\n"
                                                          "dns-tcp-responses-sent-ipv6: 0\n");
}

TEST(Yaml, RcodeVolumeHasThoseThatWereSeenOfAllPaths) {
  Day day = empty_day("one");
  volume(day, Transport::Udp, Family::V4).rcodes[0] = 4'000'000'000;
  volume(day, Transport::Udp, Family::V6).rcodes[0] = 423'591'000;
  volume(day, Transport::Tcp, Family::V4).rcodes[0] = 200;
  volume(day, Transport::Tcp, Family::V6).rcodes[0] = 32;
  volume(day, Transport::Udp, Family::V4).rcodes[3] = 5'349'928'988;
  volume(day, Transport::Udp, Family::V6).rcodes[16] = 43;
  volume(day, Transport::Tcp, Family::V6).rcodes[23] = 1;
  EXPECT_EQ(yaml(day, "rcode-volume"),
            head("rcode-volume") + "0: 4423591232\n3: 5349928988\n16: 43\n23: 1\n");
  EXPECT_EQ(yaml(empty_day("one"), "rcode-volume"), head("rcode-volume"));
}

TEST(Yaml, TrafficSizesByTransportOfBothFamilies) {
  Day day = empty_day("one");
  Volume& udp4 = volume(day, Transport::Udp, Family::V4);
  Volume& udp6 = volume(day, Transport::Udp, Family::V6);
  Volume& tcp6 = volume(day, Transport::Tcp, Family::V6);
  udp4.query_sizes[0] = 1;
  udp4.query_sizes[2] = 20;
  udp6.query_sizes[2] = 3;
  udp6.query_sizes[17] = 4;
  udp4.query_sizes[18] = 5;
  udp6.response_sizes[1] = 6;
  udp4.response_sizes[64] = 70;
  udp6.response_sizes[64] = 7;
  tcp6.query_sizes[18] = 8;
  tcp6.response_sizes[255] = 9;
  tcp6.response_sizes[256] = 10;
  EXPECT_EQ(yaml(day, "traffic-sizes"), head("traffic-sizes") +
                                            "udp-request-sizes:\n"
                                            "  0-15: 1\n"
                                            "  32-47: 23\n"
                                            "  272-287: 4\n"
                                            "  288-: 5\n"
                                            "udp-response-sizes:\n"
                                            "  16-31: 6\n"
                                            "  1024-1039: 77\n"
                                            "tcp-request-sizes:\n"
                                            "  288-: 8\n"
                                            "tcp-response-sizes:\n"
                                            "  4080-4095: 9\n"
                                            "  4096-: 10\n");
}

TEST(Yaml, UniqueSources) {
  Day day = empty_day("one");
  day.sources.ipv4 = sketch_of(0, 12);
  day.sources.ipv6 = sketch_of(100, 107);
  day.sources.ipv6_aggregate = sketch_of(200, 203);
  EXPECT_EQ(yaml(day, "unique-sources"),
            head("unique-sources") +
                "num-sources-ipv4: 12\nnum-sources-ipv6: 7\nnum-sources-ipv6-aggregate: 3\n");
  EXPECT_EQ(yaml(empty_day("one"), "unique-sources"),
            head("unique-sources") +
                "num-sources-ipv4: 0\nnum-sources-ipv6: 0\nnum-sources-ipv6-aggregate: 0\n");
}

// When the last of the first 95 % of the instances served it.
TEST(Yaml, LoadTimeIsThatOfNinetyFiveInAHundredInstances) {
  const auto to = [](std::uint32_t last) {  // downwards: the order must not matter
    std::vector<std::uint32_t> out;
    for (std::uint32_t i = last; i > 0; --i) out.push_back(i);
    return out;
  };
  const struct {
    const char* description;
    std::vector<std::uint32_t> seconds;
    const char* want;
  } cases[] = {{"one instance", {159}, "159"},
               {"two: both", {3, 140}, "140"},
               {"three: all of them", {158, 2, 9}, "158"},
               {"19: all of them", to(19), "19"},
               {"20: one may be late", to(20), "19"},
               {"21: 95 % are 19.95", to(21), "20"},
               {"40", to(40), "38"},
               {"100", to(100), "95"},
               {"at once", {0, 0}, "0"}};
  for (const auto& c : cases) {
    Day day = empty_day("one");
    day.load_seconds[2022060100] = c.seconds;
    EXPECT_EQ(yaml(day, "load-time"), head("load-time") + "time:\n  2022060100: " + c.want + "\n")
        << c.description;
  }
}

TEST(Yaml, LoadTimeOfSeveralSerials) {
  Day day = empty_day("one");
  day.load_seconds = {{2022060101, {140}}, {2022060100, {159}}, {2022060102, {}}};
  EXPECT_EQ(yaml(day, "load-time"), head("load-time") + "time:\n  2022060100: 159\n  2022060101: 140\n")
      << "the third one has not been served by anybody";
}

TEST(Yaml, ZoneSize) {
  Day day = empty_day("one");
  day.zone_octets = {{2022060100, 1'133'001}, {4'294'967'295, 5'000'000'000}};
  EXPECT_EQ(yaml(day, "zone-size"),
            head("zone-size") + "size:\n  2022060100: 1133001\n  4294967295: 5000000000\n");
}

TEST(Yaml, HeadSaysServiceAndDay) {
  Day day = empty_day("one");
  day.service = "z.example";
  day.day = day_number(2026, 11, 27);
  EXPECT_THAT(yaml(day, "zone-size"),
              testing::StartsWith("---\nversion: rssac002v4\nservice: z.example\n"
                                  "start-period: 2026-11-27T00:00:00Z\nmetric: zone-size\nsize:\n"));
}

TEST(Paths, OneFileForEachMetricAndDay) {
  const Day day = empty_day("one");
  std::set<std::string> paths;
  for (const std::string_view metric : kMetrics) paths.insert(yaml_path(day, metric));
  EXPECT_THAT(paths, testing::ElementsAre("2022/06/load-time/l-root-20220601-load-time.yaml",
                                          "2022/06/rcode-volume/l-root-20220601-rcode-volume.yaml",
                                          "2022/06/traffic-sizes/l-root-20220601-traffic-sizes.yaml",
                                          "2022/06/traffic-volume/l-root-20220601-traffic-volume.yaml",
                                          "2022/06/unique-sources/l-root-20220601-unique-sources.yaml",
                                          "2022/06/zone-size/l-root-20220601-zone-size.yaml"));
  EXPECT_EQ(instance_path("l-root", day_number(2026, 11, 7), "aa01.ams"),
            "2026/11/instance/l-root-20261107-aa01.ams.json");
}

TEST(DayText, OfADay) {
  const struct {
    std::int64_t day;
    const char *want, *compact;
  } cases[] = {{0, "1970-01-01", "19700101"},
               {day_number(2024, 2, 29), "2024-02-29", "20240229"},
               {day_number(2024, 2, 29) + 1, "2024-03-01", "20240301"},
               {day_number(2026, 12, 31), "2026-12-31", "20261231"}};
  for (const auto& c : cases) {
    EXPECT_EQ(day_text(c.day), c.want);
    EXPECT_EQ(compact_day_text(c.day), c.compact);
    EXPECT_EQ(parse_compact_day(c.compact).value(), c.day);
  }
}

TEST(DayText, RefusesWhatIsNoDay) {
  for (const char* text :
       {"", "2026-11-27", "2026112", "202611270", "2026112x", "x0261127", " 2026112", "+2026112", "-2026112",
        "20261100", "20261131", "20260027", "20261327", "20260229", "99999999"}) {
    const auto day = parse_compact_day(text);
    ASSERT_FALSE(day.ok()) << text;
    EXPECT_EQ(day.error().code, Errc::InvalidInput) << text;
    EXPECT_THAT(day.error().message, testing::HasSubstr(text));
  }
}

}  // namespace
}  // namespace imrs::rssac002

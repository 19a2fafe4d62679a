// The service's day from the instances'.
#include <gmock/gmock.h>

#include <cmath>

#include "tests/agent/rssac002/days.h"

namespace imrs::rssac002 {
namespace {

using test::empty_day;
using test::full_day;
using test::sketch_of;
using test::volume;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

TEST(Merge, ThreeInstances) {
  const std::vector<Day> days{full_day("ams", 1), full_day("fra", 10), full_day("sin", 100)};
  const auto sum = merge(days);
  ASSERT_TRUE(sum.ok()) << sum.error().message;
  EXPECT_EQ(sum->volumes, full_day("all", 111).volumes);
  EXPECT_THAT(sum->instances, ElementsAre("ams", "fra", "sin"));
  EXPECT_EQ(sum->service, "l.root-servers.net");
  EXPECT_EQ(sum->prefix, "l-root");
  EXPECT_EQ(sum->day, test::day_number(2022, 6, 1));
  EXPECT_EQ(sum->source_key_id, days[0].source_key_id);
  EXPECT_THAT(sum->load_seconds, ElementsAre(Pair(2022060100, ElementsAre(3, 30, 300)),
                                             Pair(2022060101, ElementsAre(4, 40, 400))));
}

// 100 sources each, 40 of them in common with the next one.
TEST(Merge, SourcesAreTheUnion) {
  const std::vector<Day> days{full_day("ams", 1, 0), full_day("fra", 1, 60), full_day("sin", 1, 120)};
  const auto sum = merge(days);
  ASSERT_TRUE(sum.ok()) << sum.error().message;
  EXPECT_EQ(sum->sources.ipv4, sketch_of(0, 220));
  counts::Sketch ipv6 = sketch_of(1000, 1050), aggregate = sketch_of(2000, 2025);
  for (const std::uint64_t first : {60U, 120U}) {
    ipv6.merge(sketch_of(1000 + first, 1050 + first));
    aggregate.merge(sketch_of(2000 + first, 2025 + first));
  }
  EXPECT_EQ(sum->sources.ipv6, ipv6);
  EXPECT_EQ(sum->sources.ipv6_aggregate, aggregate);
}

TEST(Merge, TheOrderDoesNotMatter) {
  const Day a = full_day("ams", 1, 0), b = full_day("fra", 10, 60), c = full_day("sin", 100, 120);
  const auto one = merge(std::vector{a, b, c}), other = merge(std::vector{c, a, b});
  ASSERT_TRUE(one.ok() && other.ok());
  for (const std::string_view metric : kMetrics) EXPECT_EQ(yaml(*one, metric), yaml(*other, metric));
}

TEST(Merge, WhatIsMergedCanBeMergedOn) {
  const Day a = full_day("ams", 1, 0), b = full_day("fra", 10, 60), c = full_day("sin", 100, 120);
  const auto first = merge(std::vector{a, b});
  ASSERT_TRUE(first.ok());
  const auto then = merge(std::vector{*first, c}), at_once = merge(std::vector{a, b, c});
  ASSERT_TRUE(then.ok() && at_once.ok());
  EXPECT_EQ(to_json(*then), to_json(*at_once));
  EXPECT_FALSE(merge(std::vector{*first, b}).ok()) << "is in there already";
}

TEST(Merge, OneAloneIsItself) {
  const Day day = full_day("ams", 7);
  const auto sum = merge(std::span(&day, 1));
  ASSERT_TRUE(sum.ok());
  EXPECT_EQ(to_json(*sum), to_json(day));
}

TEST(Merge, SerialsThatNotAllHaveSeen) {
  Day one = empty_day("ams"), other = empty_day("fra");
  one.load_seconds = {{7, {1}}, {8, {2}}};
  other.load_seconds = {{8, {5}}, {9, {6}}};
  one.zone_octets = {{7, 700}, {8, 800}};
  other.zone_octets = {{8, 800}, {9, 900}};
  const auto sum = merge(std::vector{one, other});
  ASSERT_TRUE(sum.ok());
  EXPECT_THAT(sum->load_seconds,
              ElementsAre(Pair(7, ElementsAre(1)), Pair(8, ElementsAre(2, 5)), Pair(9, ElementsAre(6))));
  EXPECT_THAT(sum->zone_octets, ElementsAre(Pair(7, 700), Pair(8, 800), Pair(9, 900)));
}

TEST(Merge, RefusesWhatDoesNotBelongTogetherByName) {
  const auto changed = [](auto change) {
    Day day = empty_day("sin");
    change(day);
    return day;
  };
  const struct {
    const char* description;
    Day third;
    testing::Matcher<std::string> want;
  } cases[] = {
      {"the day after", changed([](Day& day) { ++day.day; }),
       AllOf(HasSubstr("sin"), HasSubstr("2022-06-02"), HasSubstr("2022-06-01"))},
      {"another service", changed([](Day& day) { day.service = "k.root-servers.net"; }),
       AllOf(HasSubstr("sin"), HasSubstr("k.root-servers.net"), HasSubstr("l.root-servers.net"))},
      {"another key", changed([](Day& day) { ++day.source_key_id; }),
       AllOf(HasSubstr("sin"), HasSubstr("key"))},
      {"the first one again", changed([](Day& day) { day.instances = {"ams"}; }), HasSubstr("ams")},
      {"the second one again", changed([](Day& day) { day.instances = {"fra"}; }), HasSubstr("fra")},
      {"one of several again", changed([](Day& day) {
         day.instances = {"bru", "fra", "sin"};
       }),
       HasSubstr("fra")},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.description);
    const auto sum = merge(std::vector{empty_day("ams"), empty_day("fra"), c.third});
    ASSERT_FALSE(sum.ok());
    EXPECT_EQ(sum.error().code, Errc::InvalidInput);
    EXPECT_THAT(sum.error().message, c.want);
  }
  EXPECT_TRUE(merge(std::vector{empty_day("ams"), empty_day("fra"), empty_day("sin")}).ok());
}

TEST(Merge, RefusesNothing) { EXPECT_FALSE(merge({}).ok()); }

TEST(Volume, AddsAndTakesAwayNeverBelowZero) {
  const Day one = full_day("one", 5), other = full_day("other", 2);
  Volumes sum = one.volumes;
  sum += other.volumes;
  EXPECT_EQ(sum, full_day("x", 7).volumes);
  sum -= one.volumes;
  EXPECT_EQ(sum, other.volumes);
  sum -= one.volumes;
  EXPECT_EQ(sum, Volumes{});
}

TEST(Volume, OfCounts) {
  counts::Counts counts;
  std::uint64_t number = 1;
  for (const Transport transport : kTransports) {
    for (const Family family : {Family::V4, Family::V6, Family::V6}) {
      counts::Path path{transport, {family, "address"}, {}};
      path.traffic.queries = number;
      path.traffic.responses = 10 * number;
      path.traffic.rcodes[3] = 100 * number;
      path.traffic.query_sizes[18] = 1000 * number;
      path.traffic.response_sizes[256] = 10'000 * number;
      counts.paths.push_back(path);
      number *= 2;
    }
  }
  Day day = empty_day("one");
  day.volumes = volumes_of(counts);
  const struct {
    Transport transport;
    Family family;
    std::uint64_t want;
  } cases[] = {{Transport::Udp, Family::V4, 1},
               {Transport::Udp, Family::V6, 2 + 4},
               {Transport::Tcp, Family::V4, 8},
               {Transport::Tcp, Family::V6, 16 + 32}};
  for (const auto& c : cases) {
    Volume want;
    want.queries = c.want;
    want.responses = 10 * c.want;
    want.rcodes[3] = 100 * c.want;
    want.query_sizes[18] = 1000 * c.want;
    want.response_sizes[256] = 10'000 * c.want;
    EXPECT_EQ(volume(day, c.transport, c.family), want) << to_string(c.transport) << to_string(c.family);
  }
}

}  // namespace
}  // namespace imrs::rssac002

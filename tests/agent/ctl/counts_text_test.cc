// What `imrsctl stats` prints.
#include "agent/ctl/counts_text.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

namespace imrs::ctl {
namespace {

using counts::Traffic;
using nlohmann::json;
using testing::AllOf;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

// One address of each family, and some traffic.
Statistics sample() {
  Statistics out;
  for (const Transport transport : kTransports) {
    out.counts.paths.push_back({transport, {Family::V4, "199.7.83.42"}, {}});
    out.counts.paths.push_back({transport, {Family::V6, "2001:500:9f::42"}, {}});
  }
  Traffic& traffic = out.counts.paths[0].traffic;
  traffic.queries = 1'000'000;
  traffic.responses = 999'000;
  traffic.truncated = 12'345;
  traffic.limited = 99;
  traffic.types[1] = 600'000;
  traffic.types[28] = 300'000;
  traffic.types[kTypeOther] = 100'000;
  traffic.rcodes[0] = 333'000;
  traffic.rcodes[3] = 666'000;
  traffic.attributes[static_cast<std::size_t>(QueryAttribute::Edns)] = 800'000;
  traffic.opcodes[0] = 999'999;
  traffic.opcodes[7] = 1;
  traffic.malformed[1] = 17;
  out.counts.paths[3].traffic.queries = 7;
  out.counts.times[0].bins[3] = 100;
  out.ipv4 = 1234.6;
  out.ipv6 = 77;
  out.ipv6_aggregate = 12;
  out.counts.names = {{"", {5000}}, {".", {10}}, {"com.", {300, 4}}, {"org.", {}}, {"net.", {900}}};
  out.missing = {{"local", 1'000'000, 0}, {"lan", 50, 3}, {"home", 2, 1}};
  return out;
}

TEST(CountsText, ALineForEachPath) {
  const std::string text = statistics_text(sample(), 0);
  EXPECT_THAT(text, ContainsRegex("\n  UDP IPv4 +1,000,000 +999,000 +12,345 +99\n"));
  EXPECT_THAT(text, ContainsRegex("\n  UDP IPv6 +0 +0 +0 +0\n"));
  EXPECT_THAT(text, ContainsRegex("\n  TCP IPv4 +0 +0 +0 +0\n"));
  EXPECT_THAT(text, ContainsRegex("\n  TCP IPv6 +7 +0 +0 +0\n"));
}

TEST(CountsText, SharesTheLargestFirst) {
  const std::string text = statistics_text(sample(), 0);
  EXPECT_THAT(text, ContainsRegex("types +A 60.0 %, AAAA 30.0 %, other 10.0 %\n"));
  EXPECT_THAT(text, ContainsRegex("rcodes +NXDOMAIN 66.7 %, NOERROR 33.3 %\n")) << "of the responses";
  EXPECT_THAT(text, ContainsRegex("attributes +edns 80.0 %\n"));
}

TEST(CountsText, NoMoreThanEightShares) {
  Statistics statistics = sample();
  for (std::size_t i = 0; i < kRcodes; ++i) statistics.counts.paths[0].traffic.rcodes[i] = 1000 - i;
  const std::string text = statistics_text(statistics, 0);
  EXPECT_THAT(text, HasSubstr("YXRRSET"));
  EXPECT_THAT(text, Not(HasSubstr("NXRRSET"))) << "the ninth";
  EXPECT_EQ(json::parse(statistics_json(statistics, 0)).at("rcodes").size(), kRcodes) << "programs get all";
}

TEST(CountsText, SourcesAndTimes) {
  const std::string text = statistics_text(sample(), 0);
  EXPECT_THAT(text, HasSubstr("about 1,235 of IPv4, 77 of IPv6 in 12 networks /64\n"));
  EXPECT_THAT(text, HasSubstr("6 us in the median, 8 us for 99 of 100\n"));
}

TEST(CountsText, AnEngineThatHasSeenNothing) {
  const std::string text = statistics_text(Statistics{}, 10);
  EXPECT_THAT(text, ContainsRegex("types +none\n"));
  EXPECT_THAT(text, ContainsRegex("answer time +- in the median, - for"));
  EXPECT_THAT(text, Not(HasSubstr("nan")));
  EXPECT_THAT(text, Not(HasSubstr("inf")));
  const json all = json::parse(statistics_json(Statistics{}, 10));
  EXPECT_EQ(all.at("types"), json::object());
  EXPECT_EQ(all.at("tlds"), json::object());
  EXPECT_EQ(all.at("missing"), json::array());
  EXPECT_EQ(all.at("sources").at("ipv4"), 0);
}

TEST(CountsText, AsManyNamesAsAreAskedFor) {
  EXPECT_THAT(statistics_text(sample(), 0), AllOf(Not(HasSubstr("com.")), Not(HasSubstr("local"))));
  const std::string two = statistics_text(sample(), 2);
  EXPECT_THAT(two, ContainsRegex("net\\. +900\n  com\\. +304\n"));
  EXPECT_THAT(two, ContainsRegex("local +1,000,000 \\(0\\)\n  lan +50 \\(3\\)\n"));
  EXPECT_THAT(two, Not(HasSubstr("home")));
  const std::string all = statistics_text(sample(), 1000);
  EXPECT_THAT(all, ContainsRegex("\n  \\. +10\n"));
  EXPECT_THAT(all, Not(HasSubstr("org."))) << "nobody asked for it";
  EXPECT_THAT(all, Not(HasSubstr("5,000"))) << "has no name";
}

TEST(CountsText, ForPrograms) {
  const json all = json::parse(statistics_json(sample(), 2));
  ASSERT_EQ(all.at("paths").size(), 4U);
  const json first = {{"transport", "udp"},   {"family", "ipv4"},     {"server", "199.7.83.42"},
                      {"queries", 1'000'000}, {"responses", 999'000}, {"truncated", 12'345},
                      {"limited", 99}};
  EXPECT_EQ(all.at("paths")[0], first);
  EXPECT_EQ(all.at("types"), json::parse(R"({"A": 600000, "AAAA": 300000, "other": 100000})"));
  EXPECT_EQ(all.at("opcodes"), json::parse(R"({"QUERY": 999999, "opcode7": 1})"));
  EXPECT_EQ(all.at("malformed"), json::parse(R"({"short": 17})"));
  EXPECT_EQ(all.at("sources"), json::parse(R"({"ipv4": 1235, "ipv6": 77, "ipv6_aggregate": 12})"));
  EXPECT_EQ(all.at("tlds"), json::parse(R"({"net.": 900, "com.": 304})"));
  EXPECT_EQ(all.at("missing"), json::parse(R"([{"label": "local", "count": 1000000, "error": 0},
                                               {"label": "lan", "count": 50, "error": 3}])"));
  EXPECT_TRUE(json::parse(statistics_json(sample(), 0)).at("missing").empty());
}

// A label is any octets, and goes to a terminal.
TEST(CountsText, LabelsAreAnyOctets) {
  Statistics statistics = sample();
  statistics.missing = {{"\xff\xfe\"\n", 1, 0}};
  EXPECT_EQ(json::parse(statistics_json(statistics, 1)).at("missing")[0].at("label"), R"(\255\254\034\010)");
}

TEST(CountsText, NothingOfALabelSteersTheTerminal) {
  Statistics statistics = sample();
  statistics.missing = {{"\x1b[2Jowned\n  fake 1,000 (0)", 1, 0}};
  const std::string text = statistics_text(statistics, 1);
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  EXPECT_THAT(text, Not(HasSubstr("\n  fake")));
}

}  // namespace
}  // namespace imrs::ctl

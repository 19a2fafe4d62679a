// What `imrsctl attack-report` makes of two looks.
#include "agent/ctl/attack_report.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "../web/sample.h"

namespace imrs::ctl {
namespace {

using counts::Traffic;
using nlohmann::json;
using testing::AllOf;
using testing::ContainsRegex;
using testing::DoubleEq;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr std::int64_t kDayMs = 86'400'000;

// One address of each family; a day's traffic behind it, noon.
Reading first_look() {
  Reading out;
  for (const Transport transport : kTransports) {
    out.statistics.counts.paths.push_back({transport, {Family::V4, "199.7.83.42"}, {}});
    out.statistics.counts.paths.push_back({transport, {Family::V6, "2001:500:9f::42"}, {}});
  }
  out.statistics.counts.epoch = 77;
  Traffic& traffic = out.statistics.counts.paths[0].traffic;
  traffic.queries = 1'000'000;
  traffic.responses = 999'000;
  traffic.rcodes[3] = 600'000;
  traffic.types[1] = 900'000;
  out.statistics.counts.names = {{"", {5}}, {".", {500}}, {"com.", {400, 4}}, {"shop.", {7}}};
  out.statistics.ipv4 = 200'000;
  out.statistics.ipv6 = 50'000;
  out.statistics.ipv6_aggregate = 30'000;
  out.statistics.missing = {{"local", 100'000, 50}, {"lan", 50'000, 40}, {"gone", 700, 0}};
  out.kernel = {.udp_drops = 1000, .syn_cookies = 5};
  out.snapshot = web::healthy();
  return out;
}

// Ten seconds later, of a usual day.
Reading second_look() {
  Reading out = first_look();
  out.snapshot.time_ms += 10'000;
  Traffic& traffic = out.statistics.counts.paths[0].traffic;
  traffic.queries += 20'000;
  traffic.responses += 19'900;
  traffic.query_bytes += 1'000'000;
  traffic.response_bytes += 8'000'000;
  traffic.rcodes[0] += 6900;
  traffic.rcodes[3] += 13'000;
  traffic.types[1] += 12'000;
  traffic.types[28] += 7'500;
  traffic.types[48] += 400;
  traffic.malformed[1] += 60;
  traffic.malformed[4] += 40;
  traffic.truncated += 398;
  traffic.limited += 199;
  traffic.unanswered += 100;
  out.statistics.counts.paths[3].traffic.queries += 50;
  out.statistics.counts.paths[3].traffic.responses += 50;
  out.statistics.counts.names = {
      {"", {9}}, {".", {900}}, {"com.", {3000, 404}}, {"shop.", {7}}, {"new.", {50}}};
  out.statistics.missing = {{"local", 101'500, 50}, {"lan", 51'000, 900}, {"fresh", 700, 650}};
  out.statistics.ipv4 += 1000;
  out.snapshot.links[0].receive_bytes += 2'500'000;
  out.snapshot.links[0].transmit_bytes += 12'500'000;
  out.snapshot.links[0].receive_drops += 20;
  return out;
}

AttackReport report(const Reading& before, const Reading& after, double seconds = 10) {
  auto made = attack_report(before, after, seconds);
  EXPECT_TRUE(made.ok());
  return made ? *made : AttackReport{};
}

std::string named(const std::vector<NamedRate>& all) {
  std::string out;
  for (const NamedRate& one : all) out += one.name + "=" + std::to_string(one.per_second).substr(0, 6) + " ";
  return out;
}

TEST(AttackReport, IsWhatHappenedInBetween) {
  const AttackReport made = report(first_look(), second_look());
  EXPECT_THAT(made.rates.queries, DoubleEq(2005));
  EXPECT_THAT(made.rates.responses, DoubleEq(1995));
  EXPECT_THAT(made.rates.tcp_queries, DoubleEq(5));
  EXPECT_THAT(made.rates.nxdomain, DoubleEq(1300));
  EXPECT_THAT(made.rates.amplifying, DoubleEq(40));
  EXPECT_THAT(made.rates.malformed, DoubleEq(10));
  EXPECT_THAT(made.rates.limited, DoubleEq(19.9));
  EXPECT_THAT(made.truncated, DoubleEq(39.8));
  EXPECT_THAT(made.unanswered, DoubleEq(10));
  ASSERT_EQ(made.paths.size(), 4U);
  EXPECT_THAT(made.paths[0].bits_in, DoubleEq(800'000));
  EXPECT_THAT(made.paths[0].bits_out, DoubleEq(6'400'000));
  EXPECT_THAT(made.paths[3].queries, DoubleEq(5));
  EXPECT_EQ(named(made.rcodes), "NXDOMAIN=1300.0 NOERROR=690.00 ");
  EXPECT_EQ(named(made.types), "A=1200.0 AAAA=750.00 DNSKEY=40.000 ");
  EXPECT_EQ(named(made.malformed), "short=6.0000 question=4.0000 ");
  EXPECT_EQ(counts::verdict_text(made.rates), "nothing unusual");
}

TEST(AttackReport, DelegationsByTheirPlaces) {
  const AttackReport made = report(first_look(), second_look());
  EXPECT_EQ(named(made.delegations), "com.=300.00 .=40.000 new.=5.0000 ") << "nobody asked for shop.";
  EXPECT_EQ(made.rates.delegation, "com.");
  EXPECT_THAT(made.rates.of_delegation, DoubleEq(300));
}

TEST(AttackReport, TheRootItselfIsNoDelegation) {
  Reading after = second_look();
  after.statistics.counts.names[1].types[0] = 500'000;
  const AttackReport made = report(first_look(), after);
  EXPECT_EQ(made.delegations.front().name, ".");
  EXPECT_EQ(made.rates.delegation, "com.");
}

// "local" has kept its place; "lan" had lost it, and of its 1000 more 900 may be others'; "fresh" is new.
TEST(AttackReport, LabelsAreNotCountedTooHigh) {
  const AttackReport made = report(first_look(), second_look());
  EXPECT_EQ(named(made.missing), "local=150.00 lan=100.00 fresh=5.0000 ");
  EXPECT_EQ(made.rates.label, "local");
  EXPECT_THAT(made.rates.of_label, DoubleEq(150));
  Reading after = second_look();
  after.statistics.missing = {{"lan", 50'100, 50'050}, {"local", 99'000, 60}};
  EXPECT_EQ(named(report(first_look(), after).missing), "lan=5.0000 ") << "never more than it surely has";
}

TEST(AttackReport, NoMoreNamesThanTen) {
  Reading after = second_look();
  for (int i = 0; i < 500; ++i) {
    after.statistics.missing.push_back({"x" + std::to_string(i), 2, 1});
    after.statistics.counts.names.push_back({"d" + std::to_string(i) + ".", {1}});
  }
  const AttackReport made = report(first_look(), after);
  EXPECT_EQ(made.missing.size(), kTopNames);
  EXPECT_EQ(made.delegations.size(), kTopNames);
}

TEST(AttackReport, MidnightBeginsTheDaysTablesAnew) {
  Reading before = first_look(), after = second_look();
  before.snapshot.time_ms = kDayMs * 20'000 - 5000;
  after.snapshot.time_ms = kDayMs * 20'000 + 5000;
  after.statistics.missing = {{"local", 700, 0}};
  after.statistics.ipv4 = 400;
  const AttackReport made = report(before, after);
  EXPECT_EQ(named(made.missing), "local=70.000 ");
  EXPECT_TRUE(std::isnan(made.rates.new_sources));
  // In the first hour everybody is new.
  before.snapshot.time_ms = kDayMs * 20'000 + 5000;
  after.snapshot.time_ms = before.snapshot.time_ms + 10'000;
  EXPECT_TRUE(std::isnan(report(before, after).rates.new_sources));
}

TEST(AttackReport, NewSources) {
  EXPECT_THAT(report(first_look(), second_look()).rates.new_sources, DoubleEq(100));
  Reading fewer = second_look();
  fewer.statistics.ipv4 = 199'000;
  EXPECT_EQ(report(first_look(), fewer).rates.new_sources, 0);
}

TEST(AttackReport, LinkAndLosses) {
  Reading after = second_look();
  after.kernel = {.udp_drops = 1500, .syn_cookies = 25};
  after.statistics.counts.send_errors = 70;
  after.statistics.counts.tcp_rejected = 40;
  after.statistics.counts.denied = 30;
  AttackReport made = report(first_look(), after);
  EXPECT_THAT(made.rates.link_in, DoubleEq(2e6));
  EXPECT_THAT(made.rates.link_out, DoubleEq(1e7));
  EXPECT_EQ(made.rates.line, 1e9);
  EXPECT_THAT(made.link_drops, DoubleEq(2));
  EXPECT_THAT(made.rates.socket_drops, DoubleEq(50));
  EXPECT_THAT(made.rates.syn_cookies, DoubleEq(2));
  EXPECT_THAT(made.rates.send_errors, DoubleEq(7));
  EXPECT_THAT(made.rates.refused, DoubleEq(4));
  EXPECT_THAT(made.rates.denied, DoubleEq(3));
  after.kernel.udp_drops.reset();
  after.snapshot.appliance = "pandora";
  after.snapshot.links = {{.device = "other", .receive_bytes = 1'000'000'000}};
  made = report(first_look(), after);
  EXPECT_TRUE(std::isnan(made.rates.socket_drops));
  EXPECT_TRUE(std::isnan(made.rates.link_in)) << "how much of it was before is not known";
  EXPECT_EQ(made.rates.line, 1e10);
  after.snapshot.links = first_look().snapshot.links;
  after.snapshot.links[0].receive_bytes = 5;  // made anew
  EXPECT_EQ(report(first_look(), after).rates.link_in, 0);
}

TEST(AttackReport, CountsThatBeganAnewAreNoRates) {
  Reading after = second_look();
  after.statistics.counts.epoch = 78;
  const auto made = attack_report(first_look(), after, 10);
  ASSERT_FALSE(made.ok());
  EXPECT_THAT(made.error().message, HasSubstr("started anew"));
}

TEST(AttackReport, ForPeople) {
  const std::string text = attack_report_text(report(first_look(), second_look()));
  EXPECT_THAT(text, AllOf(HasSubstr("fra02.l.example, calypso: 10.0 s until 2026-11-24 12:00:10 UTC\n"),
                          ContainsRegex("verdict +nothing unusual\n"),
                          ContainsRegex("routes +5 of 5 prefixes announced\n"),
                          ContainsRegex("UDP IPv4 +2,000 +1,990 +800.0 kbit/s +6.40 Mbit/s\n"),
                          ContainsRegex("link in +2.00 Mbit/s, 0.2 % of 1 Gbit/s\n"),
                          ContainsRegex("link out +10.00 Mbit/s, 1.0 % of 1 Gbit/s\n"),
                          ContainsRegex("responses +NXDOMAIN 65.2 %, NOERROR 34.6 %\n")));
  EXPECT_THAT(text,
              AllOf(ContainsRegex("limited +1.0 % of the responses by the rate limit, 2.0 % trunc"),
                    ContainsRegex("lost +a second: 0 for full sockets, 2 by the interface, 0 resp"),
                    ContainsRegex("malformed +0.5 % of the queries: short 0.3 %, question 0.2 %\n"),
                    ContainsRegex("sources +today about 201,000 of IPv4, 50,000 of IPv6 in 30,000 netw"),
                    ContainsRegex("100 a second not seen before today\n"),
                    ContainsRegex("\n  com\\. +300 +15.0 %\n"), ContainsRegex("\n  local +150 +7.5 %\n")));
}

TEST(AttackReport, EachSignIsALine) {
  Reading after = second_look();
  after.statistics.counts.paths[0].traffic.types[255] += 40'000;
  after.statistics.counts.paths[0].traffic.queries += 40'000;
  after.kernel.udp_drops = 100'000;
  after.snapshot.decisions[0].prefixes[0].exported = false;
  after.snapshot.alarms = {"a"};
  const AttackReport made = report(first_look(), after);
  EXPECT_THAT(
      attack_report_text(made),
      AllOf(ContainsRegex("verdict +the engine cannot keep up: 9900 messages"),
            ContainsRegex("\n +looks like reflection: 67 % of the questions"),
            ContainsRegex("routes +4 of 5 prefixes announced, 5 are to be; 1 alarm, see imrsctl st")));
  const json all = json::parse(attack_report_json(made));
  EXPECT_EQ(all.at("verdict").at("signs")[0].at("sign"), "queries-lost");
  EXPECT_EQ(all.at("verdict").at("signs")[1].at("sign"), "reflection");
  EXPECT_THAT(all.at("verdict").at("text").get<std::string>(), HasSubstr("keep up"));
}

TEST(AttackReport, ForPrograms) {
  Reading after = second_look();
  after.kernel = {};
  const json all = json::parse(attack_report_json(report(first_look(), after)));
  EXPECT_EQ(all.at("identity"), "fra02.l.example");
  EXPECT_EQ(all.at("appliance"), "calypso");
  EXPECT_EQ(all.at("time"), "2026-11-24T12:00:10.000Z");
  EXPECT_EQ(all.at("seconds"), 10);
  EXPECT_EQ(all.at("verdict"), json::parse(R"({"text": "nothing unusual", "signs": []})"));
  EXPECT_EQ(all.at("routes"), json::parse(R"({"prefixes": 5, "wanted": 5, "exported": 5})"));
  EXPECT_EQ(all.at("paths")[3], json::parse(R"({"transport": "tcp", "family": "ipv6", "queries": 5,
                                               "responses": 5, "bits_in": 0, "bits_out": 0})"));
  EXPECT_EQ(all.at("link"), json::parse(R"({"line": 1e9, "in": 2e6, "out": 1e7})"));
  EXPECT_EQ(all.at("rcodes"), json::parse(R"({"NXDOMAIN": 1300, "NOERROR": 690})"));
  EXPECT_EQ(all.at("malformed"), json::parse(R"({"short": 6, "question": 4})"));
  EXPECT_EQ(all.at("lost"), json::parse(R"({"socket_drops": null, "link_drops": 2, "send_errors": 0,
                                           "tcp_refused": 0, "syn_cookies": null, "denied": 0})"));
  EXPECT_EQ(all.at("sources"),
            json::parse(R"({"ipv4": 201000, "ipv6": 50000, "ipv6_aggregate": 30000, "new": 100})"));
  EXPECT_EQ(all.at("tlds"), json::parse(R"({"com.": 300, ".": 40, "new.": 5})"));
  EXPECT_EQ(all.at("missing"), json::parse(R"({"local": 150, "lan": 100, "fresh": 5})"));
}

// A label is any octets, and goes to a terminal and into the verdict.
TEST(AttackReport, NothingOfALabelSteersTheTerminal) {
  Reading after = second_look();
  after.statistics.missing = {{"\x1b[2J\nfake\xff", 1'000'000, 0}};
  const AttackReport made = report(first_look(), after);
  const std::string text = attack_report_text(made);
  EXPECT_THAT(text, AllOf(HasSubstr("looks like a random-subdomain attack"), Not(HasSubstr("\x1b")),
                          Not(HasSubstr("\nfake")), Not(HasSubstr("\xff"))));
  EXPECT_EQ(json::parse(attack_report_json(made)).at("missing").begin().key(), R"(\027[2J\010fake\255)");
}

TEST(AttackReport, AnEngineThatHasSeenNothing) {
  Reading nothing;
  const AttackReport made = report(nothing, nothing, 1);
  EXPECT_THAT(made.rcodes, IsEmpty());
  const std::string text = attack_report_text(made);
  EXPECT_THAT(text, AllOf(HasSubstr("too few queries to tell: 0 in 1 s"), ContainsRegex("types +none\n"),
                          Not(HasSubstr(" nan")), Not(HasSubstr(" inf"))));
  const json all = json::parse(attack_report_json(made));
  EXPECT_TRUE(all.at("link").at("in").is_null());
  EXPECT_EQ(all.at("tlds"), json::object());
}

}  // namespace
}  // namespace imrs::ctl

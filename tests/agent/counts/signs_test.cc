// What traffic is taken for.
#include "agent/counts/signs.h"

#include <gmock/gmock.h>

#include <algorithm>

namespace imrs::counts {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// A quiet day at a root server.
Rates usual() {
  Rates r;
  r.seconds = 10;
  r.queries = 2000;
  r.responses = 1990;
  r.tcp_queries = 60;
  r.nxdomain = 1300;
  r.amplifying = 40;
  r.malformed = 5;
  r.limited = 10;
  r.query_octets = 2000 * 50;
  r.delegation = "com.";
  r.of_delegation = 300;
  r.label = "local";
  r.of_label = 150;
  r.new_sources = 100;
  r.socket_drops = r.send_errors = r.refused = r.syn_cookies = r.denied = 0;
  r.link_in = 2.5e6;
  r.link_out = 12e6;
  r.line = 1e9;
  return r;
}

std::vector<Sign> signs(const Rates& rates) {
  std::vector<Sign> out;
  for (const Finding& finding : findings(rates)) out.push_back(finding.sign);
  return out;
}

TEST(Signs, NothingUnusual) {
  EXPECT_THAT(findings(usual()), IsEmpty());
  EXPECT_EQ(verdict_text(usual()), "nothing unusual");
}

TEST(Signs, EachIsSeenAtItsThresholdAndNotBelow) {
  struct Case {
    const char* description;
    void (*below)(Rates&);
    void (*at)(Rates&);
    Sign sign;
    const char* words;
  };
  const Case cases[] = {
      {"link full, in", [](Rates& r) { r.link_in = 0.79e9, r.query_octets = 6e7; },
       [](Rates& r) { r.link_in = 0.8e9, r.query_octets = 6e7; }, Sign::LineFull,
       "the link is full: in 800.00 Mbit/s, 80.0 % of 1 Gbit/s"},
      {"link full, out, of a Pandora", [](Rates& r) { r.line = 1e10, r.link_out = 7.9e9; },
       [](Rates& r) { r.line = 1e10, r.link_out = 9.7e9; }, Sign::LineFull,
       "the link is full: out 9.70 Gbit/s, 97.0 % of 10 Gbit/s"},
      {"sockets full", [](Rates& r) { r.socket_drops = 1; }, [](Rates& r) { r.socket_drops = 3; },
       Sign::QueriesLost, "the engine cannot keep up: 3 messages a second are lost"},
      {"responses not sent", [](Rates& r) { r.send_errors = 1; }, [](Rates& r) { r.send_errors = 2; },
       Sign::ResponsesLost, "does not take 2 responses a second"},
      {"SYN flood", [](Rates& r) { r.syn_cookies = 99; }, [](Rates& r) { r.syn_cookies = 100; },
       Sign::SynFlood, "looks like a SYN flood: 100 SYN cookies a second"},
      {"connections", [](Rates& r) { r.refused = 9; }, [](Rates& r) { r.refused = 10; }, Sign::Connections,
       "flood of TCP connections: 10 a second"},
      {"no DNS, but little", [](Rates& r) { r.link_in = 99e6; }, [](Rates& r) { r.link_in = 100e6; },
       Sign::ForeignTraffic, "of what comes in is no DNS query (of 100.00 Mbit/s)"},
      {"large queries, and other things", [](Rates& r) { r.link_in = 100e6, r.query_octets = 6.2e6; },
       [](Rates& r) { r.link_in = 100e6, r.query_octets = 6.0e6; }, Sign::ForeignTraffic, "no DNS query"},
      {"reflection", [](Rates& r) { r.amplifying = 499; },
       [](Rates& r) { r.amplifying = 1240, r.limited = 995; }, Sign::Reflection,
       "looks like reflection: 62 % of the questions are for ANY, DNSKEY or RRSIG, 50 % of the responses"},
      {"random names", [](Rates& r) { r.nxdomain = 1780; },
       [](Rates& r) { r.nxdomain = 1831, r.of_label = 18.31; }, Sign::RandomNames,
       "looks like a random-subdomain attack: 92 % NXDOMAIN, of whose last labels the most frequent, local, "
       "has 1 %"},
      {"one label", [](Rates& r) { r.of_label = 999; }, [](Rates& r) { r.of_label = 1000; }, Sign::OneLabel,
       "50 % of the questions are under local, which does not exist"},
      {"one label takes nearly all", [](Rates&) {}, [](Rates& r) { r.nxdomain = 1900, r.of_label = 1800; },
       Sign::OneLabel, "90 % of the questions"},
      {"one delegation", [](Rates& r) { r.of_delegation = 999; },
       [](Rates& r) { r.of_delegation = 1420, r.delegation = "shop."; }, Sign::OneDelegation,
       "attack on a name in shop.: 71 % of the questions"},
      {"malformed", [](Rates& r) { r.malformed = 199; }, [](Rates& r) { r.malformed = 200; }, Sign::Malformed,
       "10 % are malformed"},
      {"spoofed", [](Rates& r) { r.new_sources = 999; }, [](Rates& r) { r.new_sources = 1000; },
       Sign::SpoofedSources, "1000 a second were never seen today"},
      {"denied", [](Rates& r) { r.denied = 0; }, [](Rates& r) { r.denied = 0.1; }, Sign::Denied,
       "killed the engine before come, and are dropped: 0.1 a second"},
      {"limited", [](Rates& r) { r.limited = 99; }, [](Rates& r) { r.limited = 100; }, Sign::Limited,
       "the rate limit is at work: 5 % of the responses"},
  };
  for (const Case& c : cases) {
    Rates below = usual(), at = usual();
    c.below(below);
    c.at(at);
    EXPECT_THAT(signs(below), IsEmpty()) << c.description;
    EXPECT_THAT(signs(at), ElementsAre(c.sign)) << c.description;
    EXPECT_THAT(verdict_text(at), HasSubstr(c.words)) << c.description;
  }
}

TEST(Signs, TheGravestFirst) {
  Rates r = usual();
  r.nxdomain = 1900;
  r.limited = 400;
  r.socket_drops = 500;
  r.link_in = r.link_out = 0.9e9;
  r.query_octets = 1e8;
  EXPECT_THAT(signs(r), ElementsAre(Sign::LineFull, Sign::QueriesLost, Sign::RandomNames, Sign::Limited));
  EXPECT_THAT(verdict_text(r), testing::StartsWith("the link is full: in 900.00 Mbit/s, 90.0 % of 1 Gbit/s; "
                                                   "out 900.00 Mbit/s, 90.0 % of 1 Gbit/s; the engine"));
}

TEST(Signs, OfTooFewQueriesNoShareSaysAnything) {
  Rates r = usual();
  r.queries = r.responses = r.nxdomain = r.amplifying = r.malformed = r.new_sources = r.limited = 99;
  r.tcp_queries = 0;
  r.of_label = r.of_delegation = 99;
  EXPECT_EQ(verdict_text(r), "too few queries to tell: 990 in 10 s");
  r.syn_cookies = 1000;
  EXPECT_THAT(signs(r), ElementsAre(Sign::SynFlood)) << "that is no share of the queries";
  r.seconds = 11;
  EXPECT_GE(signs(r).size(), 5U);
  EXPECT_EQ(verdict_text(Rates{}), "too few queries to tell: 0 in 0 s");
}

TEST(Signs, NothingIsConcludedFromWhatIsNotKnown) {
  Rates r;
  r.seconds = 10;
  r.queries = r.responses = 2000;
  EXPECT_THAT(findings(r), IsEmpty());
  r.line = 1e9;
  r.link_in = 500e6;  // without the queries' octets nobody knows what is foreign
  EXPECT_THAT(findings(r), IsEmpty());
  r.nxdomain = 2000;
  EXPECT_EQ(verdict_text(r), "looks like a random-subdomain attack: 100 % NXDOMAIN") << "labels not known";
  for (double* const one : {&r.queries, &r.responses, &r.nxdomain}) *one = kUnknown;
  EXPECT_THAT(findings(r), IsEmpty());
}

TEST(Signs, ManyTcpQueriesAreNoForeignTraffic) {
  Rates r = usual();
  r.queries = r.tcp_queries = 40'000;
  r.query_octets = 40'000 * 50;
  r.link_in = 40'000 * 8.0 * 600;  // 192 Mbit/s
  EXPECT_THAT(findings(r), IsEmpty());
  r.tcp_queries = 0;
  EXPECT_THAT(signs(r), ElementsAre(Sign::ForeignTraffic)) << "by UDP they would not need that much";
}

TEST(Signs, HaveNamesOfTheirOwn) {
  std::vector<std::string_view> names;
  for (int i = 0; i <= static_cast<int>(Sign::Limited); ++i) names.push_back(to_string(static_cast<Sign>(i)));
  EXPECT_THAT(names, Not(testing::Contains("unknown")));
  std::ranges::sort(names);
  EXPECT_EQ(std::ranges::adjacent_find(names), names.end());
}

TEST(Signs, WhatIsAmplifying) {
  for (const std::size_t type : {255U, 48U, 46U}) EXPECT_TRUE(is_amplifying(type)) << type;
  for (const std::size_t type : {1U, 28U, 2U, 6U, 43U, 16U, 65U}) EXPECT_FALSE(is_amplifying(type)) << type;
}

TEST(Signs, RatesAsText) {
  EXPECT_EQ(line_of("calypso"), 1e9);
  EXPECT_EQ(line_of("pandora"), 1e10);
  EXPECT_EQ(load_text(12.5e6, line_of("calypso")), "12.50 Mbit/s, 1.2 % of 1 Gbit/s");
  EXPECT_EQ(load_text(5e9, line_of("pandora")), "5.00 Gbit/s, 50.0 % of 10 Gbit/s");
  EXPECT_EQ(load_text(1234, line_of("other")), "1.2 kbit/s");
  EXPECT_EQ(load_text(kUnknown, 1e9), "-");
  EXPECT_EQ(percent_text(1, 0), "-");
  EXPECT_EQ(percent_text(kUnknown, 5), "-");
}

}  // namespace
}  // namespace imrs::counts

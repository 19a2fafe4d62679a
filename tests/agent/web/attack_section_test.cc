// What the ops page says of the traffic of the last ten seconds.
#include "agent/web/attack_section.h"

#include <gmock/gmock.h>

#include "exhibit.h"

namespace imrs::web {
namespace {

using testing::AllOf;
using testing::DoubleEq;
using testing::HasSubstr;
using testing::Not;

constexpr std::int64_t kStepMs = Series::kStep * 1000;

TrafficCounters& udp4(Exhibit& exhibit) { return exhibit.worker(0).traffic[0][0]; }

// Ten seconds in which `happen` was counted and the link carried so much.
void pass(Exhibit& exhibit, void (*happen)(Exhibit&), std::uint64_t in = 0, std::uint64_t out = 0) {
  Snapshot snapshot = healthy();
  (void)exhibit.telemetry().look(kNow, &snapshot);
  happen(exhibit);
  snapshot.links[0].receive_bytes += in;
  snapshot.links[0].transmit_bytes += out;
  (void)exhibit.telemetry().look(kNow + kStepMs, &snapshot);
}

void usual(Exhibit& exhibit) {
  TrafficCounters& traffic = udp4(exhibit);
  count(traffic.queries, 20'000);
  count(traffic.responses, 19'000);
  count(traffic.rcodes[0], 6000);
  count(traffic.rcodes[3], 13'000);
  count(traffic.types[1], 15'000);
  count(traffic.types[28], 4600);
  count(traffic.types[48], 400);
  count(traffic.truncated, 190);
  count(traffic.limited, 95);
  count(traffic.malformed[1], 100);
  count(exhibit.worker(1).traffic[1][1].queries, 30);  // TCP, IPv6
}

std::string section(const Exhibit& exhibit) {
  return attack_section(const_cast<Exhibit&>(exhibit).telemetry(), kNow + kStepMs);
}

TEST(AttackSection, RatesOfTheLastStep) {
  Exhibit exhibit;
  pass(exhibit, usual, 5'000'000, 62'500'000);
  const counts::Rates rates = rates_of(exhibit.telemetry());
  EXPECT_EQ(rates.seconds, 10);
  EXPECT_THAT(rates.queries, DoubleEq(2003));
  EXPECT_THAT(rates.tcp_queries, DoubleEq(3));
  EXPECT_THAT(rates.responses, DoubleEq(1900));
  EXPECT_THAT(rates.nxdomain, DoubleEq(1300));
  EXPECT_THAT(rates.amplifying, DoubleEq(40));
  EXPECT_THAT(rates.limited, DoubleEq(9.5));
  EXPECT_THAT(rates.malformed, DoubleEq(10));
  EXPECT_THAT(rates.link_in, DoubleEq(4e6));
  EXPECT_THAT(rates.link_out, DoubleEq(5e7));
  EXPECT_EQ(rates.line, 1e9);
}

TEST(AttackSection, ShowsThem) {
  Exhibit exhibit;
  pass(exhibit, usual, 5'000'000, 62'500'000);
  EXPECT_THAT(section(exhibit),
              AllOf(HasSubstr("<p>nothing unusual.</p>"), HasSubstr("<span>UDP IPv4</span>"),
                    HasSubstr("<span>2,000</span>"), HasSubstr("<span>1,900</span>"),
                    HasSubstr("<dt>Link in</dt><dd>4.00 Mbit/s, 0.4 % of 1 Gbit/s</dd>"),
                    HasSubstr("<dt>Link out</dt><dd>50.00 Mbit/s, 5.0 % of 1 Gbit/s</dd>"),
                    HasSubstr("<dd>0.5 % of the responses by the rate limit, 1.0 % truncated in all</dd>"),
                    HasSubstr("<dd>NXDOMAIN 68.4 %, NOERROR 31.6 %</dd>"),
                    HasSubstr("<dd>A 74.9 %, AAAA 23.0 %, DNSKEY 2.0 %</dd>")));
  EXPECT_EQ(link_load(exhibit.telemetry(), "link.out"), "50.00 Mbit/s, 5.0 % of 1 Gbit/s");
}

TEST(AttackSection, APandoraHasTenGigabits) {
  WebSettings settings = sample_settings();
  settings.appliance = "pandora";
  Exhibit exhibit(std::move(settings));
  pass(exhibit, usual, 0, 62'500'000);
  EXPECT_EQ(link_load(exhibit.telemetry(), "link.out"), "50.00 Mbit/s, 0.5 % of 10 Gbit/s");
}

TEST(AttackSection, EachVerdictOfWhatIsKnownHere) {
  struct Case {
    const char* description;
    void (*happen)(Exhibit&);
    std::uint64_t in;
    const char* words;
  };
  const Case cases[] = {
      {"reflection",
       [](Exhibit& e) {
         usual(e);
         count(udp4(e).queries, 60'000);
         count(udp4(e).types[255], 60'000);
       },
       0, "<li>looks like reflection: 75 % of the questions"},
      {"random names",
       [](Exhibit& e) {
         usual(e);
         count(udp4(e).queries, 100'000);
         count(udp4(e).responses, 100'000);
         count(udp4(e).rcodes[3], 100'000);
       },
       0, "<li>looks like a random-subdomain attack: 95 % NXDOMAIN</li>"},
      {"rubbish", [](Exhibit& e) { usual(e), count(udp4(e).malformed[1], 9000); }, 0, "are malformed</li>"},
      {"limited", [](Exhibit& e) { usual(e), count(udp4(e).limited, 1000); }, 0, "the rate limit is at work"},
      {"no DNS", usual, 400'000'000, "of what comes in is no DNS query"},
      {"full", usual, 1'200'000'000, "the link is full: in 960.00 Mbit/s, 96.0 % of 1 Gbit/s"},
      {"quiet", [](Exhibit&) {}, 0, "<p>too few queries to tell: 0 in 10 s.</p>"},
  };
  for (const Case& c : cases) {
    Exhibit exhibit;
    pass(exhibit, c.happen, c.in);
    EXPECT_THAT(section(exhibit), HasSubstr(c.words)) << c.description;
  }
}

TEST(AttackSection, BeforeTheFirstStepNothingIsKnown) {
  Exhibit exhibit;
  EXPECT_THAT(section(exhibit), AllOf(HasSubstr("<dt>Link in</dt><dd>-</dd>"), HasSubstr("<span>-</span>"),
                                      HasSubstr("<dt>Types</dt><dd>none</dd>"), Not(HasSubstr("nan"))));
}

TEST(AttackSection, ALabelIsForeignText) {
  Exhibit exhibit;
  const auto note = [&](std::string_view label) {
    std::vector<std::uint8_t> wire{static_cast<std::uint8_t>(label.size())};
    wire.insert(wire.end(), label.begin(), label.end());
    exhibit.pages().tables()[0].days[kNow / 86'400'000 % 2].missing.note(wire);
  };
  exhibit.pages().tables()[0].days[kNow / 86'400'000 % 2].day = static_cast<std::uint64_t>(kNow / 86'400'000 +
                                                                                           1);
  for (int i = 0; i < 3; ++i) note("local");
  note("<script>&\n\xff");
  pass(exhibit, usual);
  EXPECT_THAT(section(exhibit), AllOf(HasSubstr("<dd>local 3, &lt;script&gt;&amp;\\010\\255 1</dd>"),
                                      Not(HasSubstr("<script>"))));
}

// It has to be whole without a script, and may fetch nothing.
TEST(AttackSection, IsPlainMarkup) {
  Exhibit exhibit;
  pass(exhibit, usual);
  EXPECT_THAT(section(exhibit), AllOf(Not(HasSubstr("<script")), Not(HasSubstr("style=")),
                                      Not(HasSubstr("://")), Not(HasSubstr("onclick"))));
}

}  // namespace
}  // namespace imrs::web

// The points about the path of DNS messages, each by a table of what came.
#include "agent/preflight/dns_points.h"

#include <gmock/gmock.h>

namespace imrs::preflight {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using Outcome = Exchange::Outcome;

constexpr unsigned kServFail = 2, kRefused = 5;

Exchange answered(std::size_t size, unsigned rcode = 0, bool truncated = false) {
  return {Outcome::Answered, {rcode, truncated, true, rcode == 0 ? 1U : 0U, size}, ""};
}
const Exchange kSilent{Outcome::Silent, {}, ""};
const Exchange kFailed{Outcome::Failed, {}, "receive: Connection refused"};

void expect(const Finding& finding, Verdict want, const char* evidence, const char* description) {
  EXPECT_EQ(finding.verdict, want) << description << ": " << finding.evidence;
  EXPECT_THAT(finding.evidence, HasSubstr(evidence)) << description;
  EXPECT_EQ(finding.remedy.empty(), want == Verdict::Pass) << description << ": " << finding.remedy;
}

TEST(DnsPoints, Service) {
  const auto seen = [](Exchange udp, Exchange tcp) {
    const IpAddress address{Family::V4, "199.7.83.42"};
    return std::vector<ServiceSeen>{{address, Transport::Udp, std::move(udp)},
                                    {address, Transport::Tcp, std::move(tcp)}};
  };
  const struct {
    const char* description;
    std::vector<ServiceSeen> seen;
    bool agent_runs;
    Verdict want;
    const char* evidence;
  } cases[] = {
      {"right", seen(answered(98), answered(98)), true, Verdict::Pass, "all 2 paths"},
      {"no TCP", seen(answered(98), kFailed), true, Verdict::Fail,
       "199.7.83.42 by TCP: receive: Connection refused"},
      {"silent", seen(kSilent, answered(98)), true, Verdict::Fail, "by UDP: no response"},
      {"an error", seen(answered(12, kServFail), answered(98)), true, Verdict::Fail, "SERVFAIL"},
      {"cut", seen(answered(98, 0, true), answered(98)), true, Verdict::Fail, "98 octets, cut"},
      {"no agent yet", seen(kSilent, kFailed), false, Verdict::Unknown, "the agent does not run"},
      {"the agent may not be asked", seen(answered(98), answered(98)), false, Verdict::Pass, "all 2 paths"},
  };
  for (const auto& c : cases) expect(judge_service(c.seen, c.agent_runs), c.want, c.evidence, c.description);
}

TEST(DnsPoints, Reached) {
  const auto judge = [](const std::optional<QueriesSeen>& seen) {
    return judge_reached(seen, "199.7.83.42", "aa01-fr-par.l.dns.icann.org");
  };
  expect(judge({}), Verdict::Unknown, "nobody has counted", "no agent");
  expect(judge(QueriesSeen{{{5000, 4000}, {300, 200}}}), Verdict::Pass,
         "UDP IPv4 5000, UDP IPv6 4000, TCP IPv4 300, TCP IPv6 200", "traffic");
  expect(judge(QueriesSeen{{{5000, 4000}, {300, 0}}}), Verdict::Unknown, "prove nothing", "no TCP over IPv6");
  expect(judge(QueriesSeen{{{5000, 4000}, {300, 100}}}), Verdict::Unknown, "TCP IPv6 100", "perhaps our own");
  EXPECT_THAT(judge({}).remedy, AllOf(HasSubstr("@199.7.83.42"), HasSubstr("aa01-fr-par.l.dns.icann.org")));
}

PrimarySeen primary(Exchange plain, Exchange edns = {}, Exchange large = {}, Exchange large_cut = {}) {
  return {.primary = "192.0.2.53 port 53",
          .family = Family::V4,
          .plain = std::move(plain),
          .edns = std::move(edns),
          .large = std::move(large),
          .large_cut = std::move(large_cut),
          .stream = answered(98)};
}

TEST(DnsPoints, Primaries) {
  const struct {
    const char* description;
    std::vector<PrimarySeen> primaries;
    Verdict want;
    const char* evidence;
  } cases[] = {
      {"answers", {primary(answered(98))}, Verdict::Pass, "192.0.2.53 port 53: NOERROR, 98 octets"},
      {"refuses, but is reached", {primary(answered(12, kRefused))}, Verdict::Pass, "REFUSED"},
      {"silent", {primary(kSilent)}, Verdict::Fail, "no response"},
      {"one of two", {primary(answered(98)), primary(kFailed)}, Verdict::Fail, "Connection refused"},
      {"none", {}, Verdict::Unknown, "no primary is configured"},
  };
  for (const auto& c : cases) {
    expect(judge_primaries(c.primaries, Transport::Udp), c.want, c.evidence, c.description);
  }
  PrimarySeen no_tcp = primary(answered(98));
  no_tcp.stream = kFailed;
  expect(judge_primaries(std::vector{no_tcp}, Transport::Tcp), Verdict::Fail, "Connection refused", "TCP");
  EXPECT_THAT(judge_primaries(std::vector{no_tcp}, Transport::Tcp).remedy, HasSubstr("TCP"));
  expect(judge_primaries(std::vector{primary(kSilent)}, Transport::Tcp), Verdict::Pass, "NOERROR",
         "TCP alone");
}

TEST(DnsPoints, Edns) {
  const PrimarySeen good = primary(answered(98), answered(1139)),
                    small = primary(answered(98), answered(400));
  const PrimarySeen cut = primary(answered(98), answered(1232, 0, true)), dead = primary(kSilent);
  const PrimarySeen refused = primary(answered(98), answered(12, kRefused)),
                    blocked = primary(answered(98), kSilent);
  const struct {
    const char* description;
    std::vector<PrimarySeen> primaries;
    Verdict want;
    const char* evidence;
  } cases[] = {
      {"more than 512 octets", {good}, Verdict::Pass, "1139 octets"},
      {"one is enough", {small, good, dead}, Verdict::Pass, "1139 octets"},
      {"not more", {small}, Verdict::Unknown, "400 octets"},
      {"cut", {cut}, Verdict::Unknown, "cut"},
      {"refused", {refused}, Verdict::Unknown, "REFUSED"},
      {"silent only with EDNS", {blocked}, Verdict::Fail, "but it answers without"},
      {"one failure counts", {good, blocked}, Verdict::Fail, "but it answers without"},
      {"silent anyway", {dead}, Verdict::Unknown, "does not answer at all"},
      {"none", {}, Verdict::Unknown, "no primary"},
  };
  for (const auto& c : cases) expect(judge_edns(c.primaries), c.want, c.evidence, c.description);
}

TEST(DnsPoints, Fragments) {
  const auto with = [](Exchange large, Exchange large_cut = {}) {
    return primary(answered(98), answered(1139), std::move(large), std::move(large_cut));
  };
  PrimarySeen six = with(answered(1460));
  six.family = Family::V6;
  const struct {
    const char* description;
    std::vector<PrimarySeen> primaries;
    Verdict want;
    const char* evidence;
  } cases[] = {
      {"too large for a packet", {with(answered(2500))}, Verdict::Pass, "2500 octets, in fragments"},
      {"the last that fits, IPv4", {with(answered(1472))}, Verdict::Unknown, "not enough"},
      {"the first that does not, IPv4", {with(answered(1473))}, Verdict::Pass, "in fragments"},
      {"IPv6 has a longer header", {six}, Verdict::Pass, "1460 octets, in fragments"},
      {"the primary sends nothing so large",
       {with(answered(1232, 0, true))},
       Verdict::Unknown,
       "1232 octets"},
      {"only the large one is lost",
       {with(kSilent, answered(1200, 0, true))},
       Verdict::Fail,
       "but there is one with 1232"},
      {"such questions are not answered", {with(kSilent, kSilent)}, Verdict::Unknown, "no response"},
      {"silent anyway", {primary(kSilent)}, Verdict::Unknown, "does not answer at all"},
      {"none", {}, Verdict::Unknown, "no primary"},
  };
  for (const auto& c : cases) expect(judge_fragments(c.primaries), c.want, c.evidence, c.description);
}

TEST(DnsPoints, NotOfAll) {
  const struct {
    const char* description;
    Finding finding;
    std::size_t unasked;
    Verdict want;
    const char* evidence;
  } cases[] = {
      {"all were asked", pass("good"), 0, Verdict::Pass, "good"},
      {"all were asked, and one is dead", fail("bad", "open it"), 0, Verdict::Fail, "bad"},
      {"one was not", pass("good"), 1, Verdict::Unknown,
       "8 primaries were asked, 1 more was not asked; good"},
      {"others were not", pass("good"), 4, Verdict::Unknown, "4 more were not asked; good"},
      {"a failure stays one", fail("bad", "open it"), 4, Verdict::Fail, "4 more were not asked; bad"},
      {"not known anyway", unknown("odd", "look"), 4, Verdict::Unknown, "4 more were not asked; odd"},
  };
  for (const auto& c : cases) {
    const Finding finding = not_of_all(c.finding, 8, c.unasked);
    expect(finding, c.want, c.evidence, c.description);
    if (!c.finding.remedy.empty()) {
      EXPECT_EQ(finding.remedy, c.finding.remedy) << c.description;
    }
  }
  EXPECT_EQ(not_of_all(pass("good"), 8, 0), pass("good"));
}

TEST(DnsPoints, Icmp) {
  const HopSeen four{Family::V4, "192.0.2.53", "185.1.1.1", 2},
      six{Family::V6, "2001:db8::53", "2a00:1::1", 3};
  const HopSeen quiet4{Family::V4, "192.0.2.53", "", 0};
  const HopSeen first4{Family::V4, "192.0.2.53", "185.1.9.9", 1};  // by another address than the gateway's
  const HopSeen first6{Family::V6, "2001:db8::53", "2a00:1::ffff", 1};  // whose gateway is link-local
  const HopSeen gateway4{Family::V4, "192.0.2.53", "185.1.0.1", 2};     // the limit alone would not tell
  const std::vector<WayOut> ways{{Family::V4, "", {}, "eth0", "185.1.0.1"},
                                 {Family::V6, "", {}, "eth0", "fe80::1"}};
  const struct {
    const char* description;
    IcmpFacts facts;
    Verdict want;
    const char* evidence;
  } cases[] = {
      {"both heard", {{four, six}, 0}, Verdict::Pass, "IPv6: 2a00:1::1 says by ICMP"},
      {"IPv6 by too-bigs", {{four}, 17}, Verdict::Pass, "17 times \"packet too big\""},
      {"IPv4 quiet", {{quiet4, six}, 0}, Verdict::Unknown, "IPv4: no router on the way to 192.0.2.53"},
      {"no IPv6 primary", {{four}, 0}, Verdict::Unknown, "IPv6: no primary"},
      {"nothing", {{}, 0}, Verdict::Unknown, "IPv4: no primary"},
      {"the gateway proves nothing",
       {{gateway4, six}, 0},
       Verdict::Unknown,
       "IPv4: 185.1.0.1 says by ICMP that a hop limit was too small, but that is the router next to us"},
      {"nor does the first router by another address",
       {{first4, six}, 0},
       Verdict::Unknown,
       "IPv4: 185.1.9.9 says by ICMP that a hop limit was too small, but that is the router next to us"},
      {"nor behind a link-local gateway",
       {{four, first6}, 0},
       Verdict::Unknown,
       "IPv6: 2a00:1::ffff says by ICMP that a hop limit was too small, but that is the router next to us"},
      {"too-bigs beside it do", {{four, first6}, 1}, Verdict::Pass, "1 times \"packet too big\""},
      {"but not for IPv4",
       {{first4, six}, 1},
       Verdict::Unknown,
       "nothing is known of what comes from beyond"},
  };
  for (const auto& c : cases) expect(judge_icmp(c.facts, ways), c.want, c.evidence, c.description);
  EXPECT_EQ(judge_icmp({{four, six}, 0}, {}).verdict, Verdict::Pass) << "no default route is known";
}

}  // namespace
}  // namespace imrs::preflight

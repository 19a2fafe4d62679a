// The points about addresses, each by a table of facts.
#include "agent/preflight/address_points.h"

#include <gmock/gmock.h>

namespace imrs::preflight {
namespace {

using testing::HasSubstr;

IpAddress v4(const char* text) { return {Family::V4, text}; }
IpAddress v6(const char* text) { return {Family::V6, text}; }

Link link4(const char* neighbour, const char* source) { return {"host4", v4(neighbour), v4(source)}; }
Link link6(const char* neighbour, const char* source) { return {"host6", v6(neighbour), v6(source)}; }

void expect(const Finding& finding, Verdict want, const char* evidence, const char* description) {
  EXPECT_EQ(finding.verdict, want) << description << ": " << finding.evidence;
  EXPECT_THAT(finding.evidence, HasSubstr(evidence)) << description;
  EXPECT_EQ(finding.remedy.empty(), want == Verdict::Pass) << description << ": " << finding.remedy;
}

TEST(AddressPoints, Configuration) {
  Config config;
  config.instance.identity = "aa01-fr-par.l.dns.icann.org";
  expect(judge_configuration("/etc/imrs/agent.json", config), Verdict::Pass, "identity aa01-fr-par", "good");
  expect(judge_configuration("/x", Error{Errc::InvalidInput, "/x: bgp.router_id: is missing"}), Verdict::Fail,
         "bgp.router_id: is missing", "bad");
}

TEST(AddressPoints, Management) {
  const struct {
    const char* description;
    std::optional<IpAddress> address;
    Verdict want;
    const char* evidence;
  } cases[] = {
      {"global", v4("199.4.28.5"), Verdict::Pass, "199.4.28.5 is global"},
      {"global IPv6", v6("2620:0:2d0::5"), Verdict::Pass, "is global"},
      {"private", v4("192.168.1.5"), Verdict::Fail, "RFC 1918"},
      {"of a carrier's NAT", v4("100.64.1.5"), Verdict::Fail, "RFC 6598"},
      {"documentation", v4("198.51.100.5"), Verdict::Fail, "RFC 5737"},
      {"documentation IPv6", v6("2001:db8::5"), Verdict::Fail, "RFC 3849"},
      {"unique local", v6("fd00::5"), Verdict::Fail, "RFC 4193"},
      {"link-local", v6("fe80::5"), Verdict::Fail, "RFC 4291"},
      {"benchmarking", v4("198.18.0.5"), Verdict::Fail, "RFC 2544"},
      {"none", {}, Verdict::Unknown, "none is configured"},
  };
  for (const auto& c : cases) expect(judge_management(c.address), c.want, c.evidence, c.description);
}

TEST(AddressPoints, Links) {
  const struct {
    const char* description;
    std::vector<Link> links;
    Verdict want;
    const char* evidence;
  } cases[] = {
      {"global", {link4("185.1.1.1", "185.1.1.2")}, Verdict::Pass, "are global"},
      {"private, noted",
       {link4("10.1.1.1", "10.1.1.2")},
       Verdict::Pass,
       "has to have agreed to: host4: 10.1.1.2"},
      {"link-local, noted", {link6("fe80::1", "fe80::2")}, Verdict::Pass, "host6: fe80::2"},
      {"unique local, noted", {link6("fd00::1", "fd00::2")}, Verdict::Pass, "RFC 4193"},
      {"of a carrier's NAT", {link4("100.64.0.1", "100.64.0.2")}, Verdict::Fail, "RFC 6598"},
      {"left over from an example", {link4("192.0.2.1", "192.0.2.2")}, Verdict::Fail, "RFC 5737"},
      {"only the neighbour's", {link6("2001:db8::1", "2a00:1::2")}, Verdict::Fail, "host6: 2001:db8::1"},
      {"loopback", {link4("127.0.0.1", "127.0.0.2")}, Verdict::Fail, "loopback"},
      {"one wrong of two",
       {link4("10.1.1.1", "10.1.1.2"), link6("2001:db8::1", "2001:db8::2")},
       Verdict::Fail,
       "RFC 3849"},
  };
  for (const auto& c : cases) expect(judge_links(c.links), c.want, c.evidence, c.description);
}

TEST(AddressPoints, ServiceAddresses) {
  const Prefix good{Family::V4, "199.7.83.0/24", PrefixRole::Specific};
  const Prefix bad{Family::V6, "2001:db8:53::/48", PrefixRole::Specific};
  const std::vector<IpAddress> ours{v4("199.7.83.42")}, private_one{v4("10.0.0.53")};
  expect(judge_service_addresses(ours, std::vector{good}), Verdict::Pass, "199.7.83.42", "L-root's");
  expect(judge_service_addresses(private_one, std::vector{good}), Verdict::Fail, "10.0.0.53", "private");
  expect(judge_service_addresses(ours, std::vector{good, bad}), Verdict::Fail, "prefix 2001:db8:53::/48",
         "prefix");
}

TEST(AddressPoints, Families) {
  const Link four = link4("185.1.1.1", "185.1.1.2"), six = link6("2a00:1::1", "2a00:1::2");
  expect(judge_families(std::vector{four, six}), Verdict::Pass, "IPv4: host4; IPv6: host6", "both");
  expect(judge_families(std::vector{four}), Verdict::Fail, "IPv6: none", "no IPv6");
  expect(judge_families(std::vector{six}), Verdict::Fail, "IPv4: none", "no IPv4");
  EXPECT_THAT(judge_families(std::vector{four}).remedy, HasSubstr("IPv6"));
}

TEST(AddressPoints, OwnAddresses) {
  const std::vector<NamedAddress> wanted{{"the management address", v4("199.4.28.5")},
                                         {"host6's source", v6("2a00:1::2")}};
  const InterfaceAddress management{"eth0", v4("199.4.28.5"), true}, source{"eth1", v6("2a00:1::2"), true};
  InterfaceAddress down = source;
  down.up = false;
  const struct {
    const char* description;
    Result<std::vector<InterfaceAddress>> there;
    Verdict want;
    const char* evidence;
  } cases[] = {
      {"both", std::vector{management, source}, Verdict::Pass, "199.4.28.5 on eth0, 2a00:1::2 on eth1"},
      {"one missing", std::vector{management}, Verdict::Fail,
       "host6's source, 2a00:1::2, is on no interface"},
      {"one down", std::vector{management, down}, Verdict::Fail, "eth1, which is down"},
      {"nobody knows", Error{Errc::System, "the addresses of this machine: why not"}, Verdict::Unknown,
       "why not"},
  };
  for (const auto& c : cases) expect(judge_own_addresses(wanted, c.there), c.want, c.evidence, c.description);
  expect(judge_own_addresses({}, std::vector{management}), Verdict::Unknown, "no address",
         "nothing is wanted");
}

WayOut way(Family family, const char* source) {
  const bool four = family == Family::V4;
  return {family, "", four ? v4(source) : v6(source), "eth1", four ? "185.1.1.1" : "2a00:1::1"};
}

WayOut no_way(Family family) { return {family, "Network is unreachable", {}, "", ""}; }

TEST(AddressPoints, WaysOut) {
  WayOut odd = way(Family::V6, "2a00:1::2");
  odd.interface = odd.gateway = "";
  const WayOut four = way(Family::V4, "185.1.1.2"), six = way(Family::V6, "2a00:1::2");
  expect(judge_ways_out(std::vector{four, six}), Verdict::Pass, "IPv4: by 185.1.1.1 on eth1 as 185.1.1.2",
         "both");
  expect(judge_ways_out(std::vector{four, odd}), Verdict::Pass, "IPv6: by no default route as 2a00:1::2",
         "full table");
  expect(judge_ways_out(std::vector{four, no_way(Family::V6)}), Verdict::Fail,
         "IPv6: none (Network is unreachable)", "one");
}

TEST(AddressPoints, Translation) {
  const WayOut four = way(Family::V4, "185.1.1.2"), six = way(Family::V6, "2a00:1::2");
  const WayOut private4 = way(Family::V4, "10.1.1.2"), shared4 = way(Family::V4, "100.64.1.2");
  const struct {
    const char* description;
    std::vector<WayOut> ways;
    std::optional<IpAddress> management;
    Verdict want;
    const char* evidence;
  } cases[] = {
      {"global", {four, six}, {}, Verdict::Pass, "185.1.1.2 is global, 2a00:1::2 is global"},
      {"a private link, a global management", {private4, six}, v4("199.4.28.5"), Verdict::Pass, "199.4.28.5"},
      {"a private link and nothing else", {private4, six}, {}, Verdict::Unknown, "10.1.1.2"},
      {"a private management", {four, six}, v4("10.9.9.9"), Verdict::Fail, "10.9.9.9"},
      {"a carrier's NAT", {shared4, six}, {}, Verdict::Fail, "RFC 6598"},
      {"no way", {no_way(Family::V4), no_way(Family::V6)}, {}, Verdict::Unknown, "no way out"},
  };
  for (const auto& c : cases)
    expect(judge_translation(c.ways, c.management), c.want, c.evidence, c.description);
}

}  // namespace
}  // namespace imrs::preflight

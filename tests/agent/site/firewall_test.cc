// The firewall's text. What it does to packets: tests/packaging/test_firewall.py.
#include "agent/site/firewall.h"

#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <iostream>
#include <vector>

#include "agent/config/config.h"

namespace imrs::site {
namespace {

using testing::HasSubstr;
using testing::Not;

Config example() {
  auto config = parse_config(R"({
    "instance": {"identity": "lab01", "kind": "single", "appliance": "calypso"},
    "management": {"address": "198.51.100.1"},
    "bgp": {"router_id": "192.0.2.1", "neighbours": [
      {"name": "host4", "address": "192.0.2.2", "source": "192.0.2.1", "as": 64500, "interface": "a0",
       "gtsm": true, "bfd": true},
      {"name": "host6", "address": "2001:db8::2", "source": "2001:db8::1", "as": 64500}]},
    "zones": [{"origin": ".", "primaries": ["198.51.100.2", "198.51.100.3@5353", "2001:db8:5::2"],
               "trust_anchors": ["/a"]}],
    "web": {"noc": ["192.0.2.1:80", "[2001:db8::1]:80"], "ops": ["127.0.0.1:9053", "198.51.100.1:9053"],
            "tls": {"certificate": "/c", "key": "/k", "client_ca": "/a"}},
    "access": {"icann": ["198.51.100.128/25", "2001:db8:9::/48"], "host": ["203.0.113.0/24"],
               "time_servers": ["198.51.100.123"]},
    "users": {"agent": "1001:1001", "launcher": "1002:1002", "engine": "1003:1003", "zone": "1004:1004",
              "web": "1005:1005", "audit": "1006:1006"}})");
  EXPECT_TRUE(config) << config.error().message;
  return *config;
}

TEST(Firewall, HoldsWhatIsConfiguredAndNothingElse) {
  struct Case {
    const char* description;
    std::function<void(Config&)> change;
    std::vector<const char*> there, absent;
  };
  const std::vector<Case> cases{
      {"as it is",
       [](Config&) {},
       {"table inet imrs\ndelete table inet imrs\ntable inet imrs {\n",
        "policy drop;\n        iif \"lo\" accept", "elements = { 199.7.83.42 }",
        "elements = { 2001:500:3::42, 2001:500:9f::42 }",
        "ip daddr @service4 meta l4proto { tcp, udp } th dport 53 notrack",
        "        ip saddr 0.0.0.0 ip daddr { 255.255.255.255, 224.0.0.0/4 } drop\n",
        "iifname \"a0\" ip saddr 192.0.2.2 ip daddr 192.0.2.1 ip ttl 255 tcp dport 179 counter accept",
        "iifname \"a0\" ip saddr 192.0.2.2 ip daddr 192.0.2.1 ip ttl 255 udp dport 3784 counter accept",
        "        ip6 saddr 2001:db8::2 ip6 daddr 2001:db8::1 tcp dport 179 counter accept",
        "ip saddr { 198.51.100.2, 198.51.100.3 } ip daddr 198.51.100.1",
        "meta skuid 1004 meta l4proto { tcp, udp } ip daddr . th dport { 198.51.100.2 . 53, 198.51.100.3 . "
        "5353 }",
        "meta skuid 1004 meta l4proto { tcp, udp } ip6 daddr . th dport { 2001:db8:5::2 . 53 }",
        "meta skuid { 1001, 1002, 1003, 1004, 1005, 1006 } ct direction original counter drop",
        "ip saddr @icann4 ip daddr 198.51.100.1 tcp dport 9053",
        "ip saddr @host4 ip daddr 192.0.2.1 tcp dport 80",
        "ip6 saddr @icann6 ip6 daddr != @service6 tcp dport 22",
        "elements = { 192.0.2.1, 198.51.100.1, 199.7.82.0/23, 199.7.83.0/24 }", "udp dport 123 counter drop"},
       {"4784", "127.0.0.1", " log ", "saddr 2001:db8::2 ip6 daddr 2001:db8::1 ip6 hoplimit",
        "limit rate over"}},
      {"another service port",
       [](Config& config) { config.service.port = 5353; },
       {"ip daddr @service4 udp dport 5353 counter accept"},
       {"dport 53 notrack", "sport 53 "}},
      {"no management address",
       [](Config& config) { config.management.reset(); },
       {"ip saddr @icann4 ip daddr != @service4 tcp dport 22"},
       {"NOTIFY"}},
      {"no NOTIFY", [](Config& config) { config.notify_port = 0; }, {"transfers"}, {"NOTIFY"}},
      {"a zone from a file",
       [](Config& config) { config.zones[0].primaries.clear(); },
       {"ct direction original counter drop"},
       {"NOTIFY", "transfers, IPv"}},
      {"nobody in the networks",
       [](Config& config) { config.access = {}; },
       {"    set icann4 {\n        type ipv4_addr\n        flags interval\n        auto-merge\n    }\n"},
       {"dport 123"}},
  };
  for (const Case& one : cases) {
    SCOPED_TRACE(one.description);
    Config config = example();
    one.change(config);
    const std::string rules = firewall_rules(config);
    for (const char* text : one.there) EXPECT_THAT(rules, HasSubstr(text));
    for (const char* text : one.absent) EXPECT_THAT(rules, Not(HasSubstr(text)));
  }
}

// Else the host would be told that it lets forged packets pass.
TEST(Firewall, DropsTheLinksOwnUncountedBeforeItCountsForgedSources) {
  const std::string rules = firewall_rules(example());
  const auto uncounted = rules.find("ip saddr 0.0.0.0 "), counted = rules.find("nobody's address, IPv4");
  ASSERT_NE(uncounted, std::string::npos);
  ASSERT_NE(counted, std::string::npos);
  EXPECT_LT(uncounted, counted);
  EXPECT_THAT(rules.substr(uncounted, rules.find('\n', uncounted) - uncounted), Not(HasSubstr("counter")));
}

TEST(Firewall, IsTheSameForTheSame) {
  Config config = example();
  const std::string rules = firewall_rules(config);
  std::ranges::reverse(config.access.icann);
  std::ranges::reverse(config.service.addresses);
  EXPECT_EQ(firewall_rules(config), rules) << "the order of a list means nothing here";
  config.bgp.neighbours[0].password = "secret-word";
  config.tsig_keys.push_back({"key.", "hmac-sha256", "secret-word"});
  EXPECT_EQ(firewall_rules(config), rules) << "secrets are not in it";
}

// In a network namespace of its own. Says so if that cannot be had.
TEST(Firewall, IsTakenByNft) {
  if (::geteuid() != 0 || std::system("command -v nft unshare >/dev/null && unshare -n true") != 0) {
    std::cout << "SKIPPED: no root, or no nft or unshare; the rules were NOT loaded\n";
    GTEST_SKIP();
  }
  Config sparse = example();
  sparse.management.reset();
  sparse.access = {};
  sparse.zones[0].primaries.clear();
  sparse.web = {};
  for (const Config& config : {example(), sparse}) {
    FILE* const nft = ::popen("unshare -n nft -f -", "w");
    ASSERT_NE(nft, nullptr);
    const std::string rules = firewall_rules(config);
    EXPECT_EQ(std::fwrite(rules.data(), 1, rules.size(), nft), rules.size());
    EXPECT_EQ(::pclose(nft), 0);
  }
}

}  // namespace
}  // namespace imrs::site

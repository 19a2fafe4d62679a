// What imrs-web is told of the configuration: all it needs, and no secret.
#include "agent/config/web_settings.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

namespace imrs {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

Config full() {
  const auto config = parse_config(R"({
    "instance": {"identity": "aa01-fr-par.l.dns.icann.org", "kind": "cluster", "appliance": "pandora",
                 "cluster": {"member": "a", "cookie_secrets": ["5ec4e75ec4e75ec4e75ec4e75ec4e701"]}},
    "management": {"address": "198.51.100.2"},
    "tsig_keys": [{"name": "k.", "algorithm": "hmac-sha256", "secret": "c2VjcmV0c2VjcmV0c2VjcmV0"}],
    "bgp": {"router_id": "192.0.2.1", "local_as": 64999, "neighbours": [
      {"name": "host4", "address": "192.0.2.2", "source": "192.0.2.1", "as": 64500,
       "password": "top-secret-md5", "bfd": true, "interface": "a0", "gtsm": true, "hold_time": 30,
       "keepalive_time": 10},
      {"name": "host6", "address": "2001:db8::2", "source": "2001:db8::1", "as": 64501}]},
    "zones": [{"origin": ".", "primaries": ["198.51.100.1"], "trust_anchors": ["/usr/share/dns/root.ds"]}],
    "engine": {"workers": 3},
    "state_directory": "/var/lib/imrs",
    "web": {"ops": ["192.0.2.1:443"], "contact": "call \"us\" at 3 a.m.",
            "tls": {"certificate": "/c.pem", "key": "/k.pem", "client_ca": "/ca.pem"}},
    "rssac002": {"service": "m.root-servers.net", "prefix": "m-root", "keep_days": 7,
                 "source_key": "5ec4e75ec4e75ec4e75ec4e75ec4e702"},
    "users": {"agent": "64001:64001", "launcher": "64002:64002", "engine": "64003:64003",
              "zone": "64004:64004", "web": "64005:64005", "audit": "64007:64007"}
  })");
  EXPECT_TRUE(config.ok()) << config.error().message;
  return *config;
}

TEST(WebSettings, AreThoseOfTheConfiguration) {
  const auto got = web_settings_from_json(to_json(web_settings(full(), 18446744073709551615U)));
  ASSERT_TRUE(got.ok()) << got.error().message;
  EXPECT_EQ(got->identity, "aa01-fr-par.l.dns.icann.org");
  EXPECT_EQ(got->appliance, "pandora");
  EXPECT_EQ(got->workers, 3U);
  ASSERT_EQ(got->services.size(), 3U);
  EXPECT_EQ(got->services[0].address, "199.7.83.42");
  EXPECT_EQ(got->services[0].family, Family::V4);
  EXPECT_EQ(got->services[1].family, Family::V6);
  EXPECT_THAT(got->prefixes, ElementsAre("199.7.83.0/24", "2001:500:9f::/48", "2001:500:3::/48",
                                         "199.7.82.0/23", "2001:500:9e::/47"));
  EXPECT_EQ(got->contact, "call \"us\" at 3 a.m.");
  EXPECT_EQ(got->state_directory, "/var/lib/imrs");
  EXPECT_EQ(got->rssac002.service, "m.root-servers.net");
  EXPECT_EQ(got->rssac002.prefix, "m-root");
  EXPECT_EQ(got->rssac002.keep_days, 7U);
  EXPECT_EQ(got->source_key_id, 18446744073709551615U) << "to the last bit";
  EXPECT_EQ(got->tls.certificate, "/c.pem");
  EXPECT_EQ(got->tls.key, "/k.pem");
  EXPECT_EQ(got->tls.client_ca, "/ca.pem");
}

TEST(WebSettings, TellWhatARouterNeeds) {
  const auto got = web_settings_from_json(to_json(web_settings(full(), 1)));
  ASSERT_TRUE(got.ok()) << got.error().message;
  ASSERT_EQ(got->neighbours.size(), 2U);
  const WebNeighbour &first = got->neighbours[0], &second = got->neighbours[1];
  EXPECT_EQ(first.name, "host4");
  EXPECT_EQ(first.address, "192.0.2.2");
  EXPECT_EQ(first.source, "192.0.2.1");
  EXPECT_EQ(first.as, 64500U);
  EXPECT_EQ(first.local_as, 64999U);
  EXPECT_EQ(first.hold_time, 30);
  EXPECT_EQ(first.keepalive_time, 10);
  EXPECT_TRUE(first.password && first.gtsm && first.bfd);
  EXPECT_EQ(second.family, Family::V6);
  EXPECT_EQ(second.hold_time, 9);
  EXPECT_FALSE(second.password || second.gtsm || second.bfd);
}

TEST(WebSettings, HoldNoSecret) {
  const Config config = full();
  ASSERT_EQ(config.rssac002.source_key, "5ec4e75ec4e75ec4e75ec4e75ec4e702");
  const std::string text = to_json(web_settings(config, 1));
  EXPECT_THAT(text, Not(HasSubstr("source_key\"")));
  for (const char* secret : {"5ec4e7", "top-secret-md5", "c2VjcmV0"})
    EXPECT_THAT(text, Not(HasSubstr(secret)));
}

TEST(WebSettings, WithoutTlsTheNamesAreEmpty) {
  Config config = full();
  config.web.tls.reset();
  const auto got = web_settings_from_json(to_json(web_settings(config, 1)));
  ASSERT_TRUE(got.ok()) << got.error().message;
  EXPECT_EQ(got->tls.certificate, "");
  EXPECT_EQ(got->tls.client_ca, "");
}

TEST(WebSettings, WhatIsNotTextIsReplaced) {
  Config config = full();
  config.web.contact = "caf\xe9";
  const auto got = web_settings_from_json(to_json(web_settings(config, 1)));
  ASSERT_TRUE(got.ok()) << got.error().message;
  EXPECT_EQ(got->contact, "caf\xEF\xBF\xBD");
}

TEST(WebSettings, WhatIsMissingIsNamed) {
  const json whole = json::parse(to_json(web_settings(full(), 1)));
  ASSERT_GE(whole.size(), 11U);
  for (const auto& [key, value] : whole.items()) {
    json less = whole;
    less.erase(key);
    const auto got = web_settings_from_json(less.dump());
    ASSERT_FALSE(got.ok()) << key;
    EXPECT_THAT(got.error().message, HasSubstr(key));
  }
}

TEST(WebSettings, WhatIsNoneIsRefused) {
  const std::string whole = to_json(web_settings(full(), 1));
  for (const std::string& text :
       {std::string(), std::string("null"), std::string("[]"), std::string("{}"),
        whole.substr(0, whole.size() - 1), whole + "x", std::string("{\"workers\": \"3\"}")}) {
    const auto got = web_settings_from_json(text);
    ASSERT_FALSE(got.ok()) << text;
    EXPECT_THAT(got.error().message, HasSubstr("settings from the agent")) << text;
  }
  json wrong = json::parse(whole);
  wrong["workers"] = "three";
  EXPECT_FALSE(web_settings_from_json(wrong.dump()).ok());
}

// Not silently taken for the first of its kind.
TEST(WebSettings, AnUnknownFamilyIsRefused) {
  json wrong = json::parse(to_json(web_settings(full(), 1)));
  wrong["services"][1]["family"] = "ipv5";
  EXPECT_FALSE(web_settings_from_json(wrong.dump()).ok());
}

TEST(WebSettings, ANumberThatDoesNotFitIsRefused) {
  json wrong = json::parse(to_json(web_settings(full(), 1)));
  wrong["neighbours"][0]["hold_time"] = 65536 + 9;
  EXPECT_FALSE(web_settings_from_json(wrong.dump()).ok());
}

}  // namespace
}  // namespace imrs

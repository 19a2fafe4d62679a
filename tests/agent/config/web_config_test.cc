// agent.json's "web" and "rssac002": what is taken, and why the rest is not.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "agent/config/config.h"

namespace imrs {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

json good() {
  return json::parse(R"({
    "instance": {"identity": "aa01-fr-par.l.dns.icann.org", "kind": "single", "appliance": "calypso"},
    "management": {"address": "198.51.100.2"},
    "bgp": {"router_id": "192.0.2.1", "neighbours": [
      {"name": "host4", "address": "192.0.2.2", "source": "192.0.2.1", "as": 64500}]},
    "zones": [{"origin": ".", "primaries": ["198.51.100.1"], "trust_anchors": ["/usr/share/dns/root.ds"]}],
    "users": {"agent": "64001:64001", "launcher": "64002:64002", "engine": "64003:64003",
              "zone": "64004:64004", "web": "64005:64005", "audit": "64007:64007"}
  })");
}

Result<Config> parse_with(const char* key, const json& value) {
  json config = good();
  config[key] = value;
  return parse_config(config.dump());
}

const json kTls = {{"certificate", "/etc/imrs/ops.pem"},
                   {"key", "/etc/imrs/ops.key"},
                   {"client_ca", "/etc/imrs/clients.pem"}};

TEST(WebConfig, Defaults) {
  const auto config = parse_config(good().dump());
  ASSERT_TRUE(config.ok()) << config.error().message;
  EXPECT_TRUE(config->web.noc.empty());
  EXPECT_TRUE(config->web.ops.empty());
  EXPECT_FALSE(config->web.tls);
  EXPECT_EQ(config->web.contact, "");
  EXPECT_EQ(config->rssac002.service, "l.root-servers.net");
  EXPECT_EQ(config->rssac002.prefix, "l-root");
  EXPECT_EQ(config->rssac002.keep_days, 400U);
  EXPECT_EQ(config->rssac002.source_key, "");
}

TEST(WebConfig, IsTaken) {
  const auto config = parse_with("web", {{"noc", {"192.0.2.1:80", "[2001:db8::1]:80"}},
                                         {"ops", {"127.0.0.1:9053", "[::1]:9053"}},
                                         {"contact", "ICANN NOC, +1 555 0100 <noc@example.org>"}});
  ASSERT_TRUE(config.ok()) << config.error().message;
  ASSERT_EQ(config->web.noc.size(), 2U);
  EXPECT_EQ(config->web.noc[1].address.text, "2001:db8::1");
  EXPECT_EQ(config->web.ops[0].port, 9053);
  EXPECT_EQ(config->web.contact, "ICANN NOC, +1 555 0100 <noc@example.org>");
}

TEST(WebConfig, OpsIsForLoopbackOrTls) {
  for (const char* address : {"192.0.2.1:9053", "0.0.0.0:9053", "[::]:9053", "[2001:db8::1]:9053",
                              "[::ffff:192.0.2.1]:9053", "128.0.0.1:9053"}) {
    const auto plain = parse_with("web", {{"ops", {"127.0.0.1:9053", address}}});
    ASSERT_FALSE(plain.ok()) << address;
    EXPECT_THAT(plain.error().message,
                HasSubstr("web.ops[1]: must be a loopback address, for anybody could ask"))
        << address;
    EXPECT_THAT(plain.error().message, HasSubstr("\"web.tls\"")) << "and what would help";
    EXPECT_THAT(plain.error().message, Not(HasSubstr("web.ops[0]"))) << address;
    const auto secure = parse_with("web", {{"ops", {"127.0.0.1:9053", address}}, {"tls", kTls}});
    EXPECT_TRUE(secure.ok()) << address << ": " << secure.error().message;
  }
  const auto noc = parse_with("web", {{"noc", {"0.0.0.0:80"}}});
  EXPECT_TRUE(noc.ok()) << "the NOC page is for everybody: " << noc.error().message;
}

TEST(WebConfig, TlsIsTaken) {
  const auto config = parse_with("web", {{"ops", {"192.0.2.1:443"}}, {"tls", kTls}});
  ASSERT_TRUE(config.ok()) << config.error().message;
  ASSERT_TRUE(config->web.tls);
  EXPECT_EQ(config->web.tls->certificate, "/etc/imrs/ops.pem");
  EXPECT_EQ(config->web.tls->key, "/etc/imrs/ops.key");
  EXPECT_EQ(config->web.tls->client_ca, "/etc/imrs/clients.pem");
  EXPECT_TRUE(parse_with("web", {{"tls", kTls}}).ok()) << "without a listener it is only idle";
}

TEST(WebConfig, TlsNeedsAllItsFilesByTheirAbsoluteNames) {
  for (const char* key : {"certificate", "key", "client_ca"}) {
    for (const char* name : {"ops.pem", "./ops.pem", "../ops.pem", "", "~/ops.pem"}) {
      json tls = kTls;
      tls[key] = name;
      const auto config = parse_with("web", {{"tls", tls}});
      ASSERT_FALSE(config.ok()) << key << " " << name;
      EXPECT_THAT(config.error().message, HasSubstr(std::string("web.tls.") + key + ": ")) << name;
    }
    json tls = kTls;
    tls.erase(key);
    const auto config = parse_with("web", {{"tls", tls}});
    ASSERT_FALSE(config.ok()) << key;
    EXPECT_THAT(config.error().message, HasSubstr(std::string("web.tls.") + key + ": ")) << "is missing";
  }
}

struct Case {
  const char* description;
  const char* section;
  const char* value;  // JSON
  const char* want;   // part of the message
};

constexpr Case kRefused[] = {
    {"TLS that is no object", "web", R"({"tls": true})", "web.tls: "},
    {"unknown key of TLS", "web",
     R"({"tls": {"certificate": "/a", "key": "/b", "client_ca": "/c", "ciphers": "x"}})",
     "web.tls.ciphers: "},
    {"a file that is a number", "web", R"({"tls": {"certificate": 1, "key": "/b", "client_ca": "/c"}})",
     "web.tls.certificate: "},
    {"a contact that is a number", "web", R"({"contact": 7})", "web.contact: "},
    {"unknown key of the pages", "web", R"({"colour": 1})", "web.colour: "},
    {"a listener without a port", "web", R"({"noc": ["192.0.2.1"]})", "web.noc[0]: "},
    {"a listener by a name", "web", R"({"ops": ["localhost:80"]})", "web.ops[0]: "},
    {"a service that is no host", "rssac002", R"({"service": "a b"})",
     "rssac002.service: must be a host name"},
    {"a service that is nothing", "rssac002", R"({"service": ""})", "rssac002.service: must be a host name"},
    {"a service that breaks out of its line", "rssac002", R"({"service": "a\nmetric: x"})",
     "rssac002.service: must be a host name"},
    {"a prefix that leads out", "rssac002", R"({"prefix": "../x"})", "rssac002.prefix: must be 1 to 64"},
    {"a prefix with a dot", "rssac002", R"({"prefix": "l.root"})", "rssac002.prefix: must be 1 to 64"},
    {"a prefix with a slash", "rssac002", R"({"prefix": "l/root"})", "rssac002.prefix: must be 1 to 64"},
    {"no prefix", "rssac002", R"({"prefix": ""})", "rssac002.prefix: must be 1 to 64"},
    {"days that are none", "rssac002", R"({"keep_days": 0})", "rssac002.keep_days: "},
    {"days without end", "rssac002", R"({"keep_days": 4001})", "rssac002.keep_days: "},
    {"days before today", "rssac002", R"({"keep_days": -1})", "rssac002.keep_days: "},
    {"days and a half", "rssac002", R"({"keep_days": 1.5})", "rssac002.keep_days: "},
    {"a key that is short", "rssac002", R"({"source_key": "5ec4e75ec4e75ec4e75ec4e75ec4e75"})",
     "rssac002.source_key: must be 32 hexadecimal digits"},
    {"a key that is long", "rssac002", R"({"source_key": "5ec4e75ec4e75ec4e75ec4e75ec4e75e1"})",
     "rssac002.source_key: must be 32 hexadecimal digits"},
    {"a key of other letters", "rssac002", R"({"source_key": "5ec4e75ec4e75ec4e75ec4e75ec4e75g"})",
     "rssac002.source_key: must be 32 hexadecimal digits"},
    {"unknown key of the counts", "rssac002", R"({"sauce_key": "x"})", "rssac002.sauce_key: "},
    {"counts that are no object", "rssac002", "[]", "rssac002: "},
};

TEST(WebConfig, EverythingElseIsRefusedByName) {
  for (const Case& c : kRefused) {
    const auto config = parse_with(c.section, json::parse(c.value));
    ASSERT_FALSE(config.ok()) << c.description;
    EXPECT_THAT(config.error().message, HasSubstr(c.want)) << c.description;
    EXPECT_THAT(config.error().message, Not(HasSubstr("5ec4e7"))) << c.description << ": tells the secret";
  }
}

TEST(WebConfig, Rssac002IsTaken) {
  const auto config = parse_with("rssac002", {{"service", "m.root-servers.net"},
                                              {"prefix", "m-root"},
                                              {"keep_days", 4000},
                                              {"source_key", "00112233445566778899AABBccddeeff"}});
  ASSERT_TRUE(config.ok()) << config.error().message;
  EXPECT_EQ(config->rssac002.service, "m.root-servers.net");
  EXPECT_EQ(config->rssac002.prefix, "m-root");
  EXPECT_EQ(config->rssac002.keep_days, 4000U);
  EXPECT_EQ(config->rssac002.source_key, "00112233445566778899AABBccddeeff");
  EXPECT_TRUE(parse_with("rssac002", {{"prefix", std::string(64, 'a')}}).ok());
  EXPECT_FALSE(parse_with("rssac002", {{"prefix", std::string(65, 'a')}}).ok());
}

TEST(WebConfig, TheSourceKeyGoesNowhereElse) {
  const auto config = parse_with("rssac002", {{"source_key", "00112233445566778899aabbccddeeff"}});
  ASSERT_TRUE(config.ok()) << config.error().message;
  EXPECT_THAT(zone_settings_json(*config), Not(HasSubstr("00112233")));
  EXPECT_THAT(audit_settings_json(*config), Not(HasSubstr("00112233")));
}

}  // namespace
}  // namespace imrs

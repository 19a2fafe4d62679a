// agent.json: what is taken, and for everything else the path of the key and what would be right.
#include "agent/config/config.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace imrs {
namespace {

using nlohmann::json;

json good() {
  return json::parse(R"({
    "instance": {"identity": "aa01-fr-par.l.dns.icann.org", "kind": "single", "appliance": "calypso"},
    "management": {"address": "198.51.100.2"},
    "bgp": {"router_id": "192.0.2.1", "neighbours": [
      {"name": "host4", "address": "192.0.2.2", "source": "192.0.2.1", "as": 64500,
       "password": "top-secret-md5", "bfd": true, "interface": "a0", "gtsm": true}]},
    "zones": [{"origin": ".", "primaries": ["198.51.100.1@5353"],
               "trust_anchors": ["/usr/share/dns/root.ds"], "refresh_seconds": 1}],
    "users": {"agent": "64001:64001", "launcher": "64002:64002", "engine": "64003:64003",
              "zone": "64004:64004", "web": "64005:64005", "audit": "64007:64007"}
  })");
}

Result<Config> parse(const json& value) { return parse_config(value.dump()); }

TEST(Config, DefaultsAreThoseOfLRoot) {
  const auto config = parse(good());
  ASSERT_TRUE(config.ok()) << config.error().message;
  EXPECT_EQ(config->service.device, "anycast0");
  ASSERT_EQ(config->service.addresses.size(), 3U);
  EXPECT_EQ(config->service.addresses[0].text, "199.7.83.42");
  ASSERT_EQ(config->prefixes.size(), 5U);
  EXPECT_EQ(config->prefixes[0].text, "199.7.83.0/24");
  EXPECT_EQ(config->prefixes[0].role, PrefixRole::Specific);
  EXPECT_EQ(config->prefixes[3].text, "199.7.82.0/23");
  EXPECT_EQ(config->prefixes[3].role, PrefixRole::Covering);
  EXPECT_EQ(config->bgp.local_as, 20144U);
  EXPECT_GE(config->engine.workers, 1U);
  EXPECT_EQ(config->zones[0].primaries[0].port, 5353);
  EXPECT_EQ(config->zones[0].refresh, std::chrono::seconds(1));
  EXPECT_EQ(config->users.web_uid, 64005U);
}

TEST(Config, AClusterMemberHasItsKeys) {
  json value = good();
  value["instance"]["kind"] = "cluster";
  value["instance"]["cluster"] = {{"member", "b"}, {"cookie_secrets", {"00112233445566778899aabbccddeeff"}}};
  const auto config = parse(value);
  ASSERT_TRUE(config.ok()) << config.error().message;
  EXPECT_EQ(config->instance.cluster->member, "b");
}

struct Case {
  const char* description;
  const char* path;   // JSON pointer of what is set
  const char* value;  // JSON; null text: removed
  const char* want;   // part of the message: the key's path and the remedy
};

constexpr Case kRefused[] = {
    {"unknown key at the top", "/colour", "1", "colour: "},
    {"unknown key inside", "/bgp/neighbours/0/colour", "1", "bgp.neighbours[0].colour: "},
    {"no identity", "/instance/identity", nullptr, "instance.identity: "},
    {"identity is no host name", "/instance/identity", "\"a b\"", "must be a host name"},
    {"identity of a wrong type", "/instance/identity", "7", "instance.identity: "},
    {"unknown kind", "/instance/kind", "\"double\"", "\"single\" or \"cluster\""},
    {"cluster without its keys", "/instance/kind", "\"cluster\"", "instance.cluster: is missing"},
    {"unknown appliance", "/instance/appliance", "\"x\"", "\"calypso\" or \"pandora\""},
    {"address outside the prefixes", "/service", R"({"addresses": ["192.0.2.9"]})",
     "service.addresses[0]: lies in none of the prefixes"},
    {"address twice", "/service", R"({"addresses": ["199.7.83.42", "199.7.83.42"]})", "is given twice"},
    {"a neighbour with an address of ours", "/bgp/neighbours/0/address", "\"198.51.100.2\"",
     "bgp.neighbours[0].address: is an address of this machine"},
    {"a primary within our prefixes", "/zones/0/primaries/0", "\"199.7.83.9\"",
     "zones[0].primaries: is an address of this machine, or in its prefixes"},
    {"a time server that is ourselves", "/access", R"({"time_servers": ["192.0.2.1"]})",
     "access.time_servers[0]: is an address of this machine"},
    {"a pattern that is none", "/instance/identity_pattern", "\"(\"", "must be an ECMAScript"},
    {"an identity that does not match", "/instance/identity_pattern", "\"[a-z]+\"", "does not match"},
    {"one whose ways cannot be counted", "/instance/identity_pattern", R"("([a-z0-9]+[-.]?)*_")",
     "does not match"},
    {"no address", "/service", R"({"addresses": []})", "service.addresses: must not be empty"},
    {"17 addresses", "/service",
     R"({"addresses": ["199.7.83.1", "199.7.83.2", "199.7.83.3", "199.7.83.4", "199.7.83.5", "199.7.83.6",
        "199.7.83.7", "199.7.83.8", "199.7.83.9", "199.7.83.10", "199.7.83.11", "199.7.83.12",
        "199.7.83.13", "199.7.83.14", "199.7.83.15", "2001:500:9f::42", "2001:500:3::42"]})",
     "service.addresses: at most 16"},
    {"prefix without an address in it", "/service", R"({"addresses": ["199.7.83.42", "2001:500:9f::42"]})",
     "prefixes[2]: holds no service address; nothing would answer there"},
    {"covering prefix without an address in it", "/service",
     R"({"addresses": ["2001:500:9f::42", "2001:500:3::42"]})", "prefixes[3]: holds no service address"},
    {"prefix twice, in two roles", "/prefixes",
     R"([{"prefix": "199.7.83.0/24", "role": "specific"}, {"prefix": "199.7.83.0/24", "role": "covering"},
         {"prefix": "2001:500::/32", "role": "specific"}])",
     "prefixes[1]: is given twice"},
    {"port out of range", "/service", R"({"port": 65536})", "service.port: "},
    {"device name", "/service", R"({"device": "a/b"})", "service.device: "},
    {"a key that is not there", "/zones/0/primaries", R"([{"address": "192.0.2.1", "key": "k."}])",
     "zones[0].primaries[0].key: is not one of"},
    {"a primary that is a number", "/zones/0/primaries", "[7]", "zones[0].primaries[0]: must be an address"},
    {"a primary without an address", "/zones/0/primaries", R"([{"key": "k."}])",
     "zones[0].primaries[0].address: "},
    {"an unsigned zone by unsigned transfers", "/zones/0/dnssec", "\"none\"",
     "zones[0].primaries[0]: needs a key of \"tsig_keys\""},
    {"key without a secret", "/tsig_keys", R"([{"name": "k.", "algorithm": "hmac-sha256"}])",
     "tsig_keys[0].secret: "},
    {"secret that is no base64", "/tsig_keys",
     R"([{"name": "k.", "algorithm": "hmac-sha256", "secret": "top-secret-top-secret-12"}])",
     "tsig_keys[0].secret: must be base64 of at least 16 octets"},
    {"secret that is short", "/tsig_keys",
     R"([{"name": "k.", "algorithm": "hmac-sha256", "secret": "MTIzNDU2Nzg5MDEy"}])", "at least 16 octets"},
    {"algorithm of a key", "/tsig_keys",
     R"([{"name": "k.", "algorithm": "hmac-md5", "secret": "MTIzNDU2Nzg5MDEyMzQ1Ng=="}])",
     "\"hmac-sha256\" or \"hmac-sha384\" or \"hmac-sha512\""},
    {"name of a key", "/tsig_keys",
     R"([{"name": "K", "algorithm": "hmac-sha256", "secret": "MTIzNDU2Nzg5MDEyMzQ1Ng=="}])",
     "tsig_keys[0].name: must be a domain name"},
    {"share of delegations", "/zones/0/most_removed_percent", "101", "zones[0].most_removed_percent: "},
    {"NOTIFY port", "/management/notify_port", "65536", "management.notify_port: "},
    {"host bits", "/prefixes", R"([{"prefix": "199.7.83.1/24", "role": "specific"}])", "host bits"},
    {"role", "/prefixes", R"([{"prefix": "199.7.83.0/24", "role": "x"}])", "\"specific\" or \"covering\""},
    {"no router id", "/bgp/router_id", nullptr, "bgp.router_id: "},
    {"router id of IPv6", "/bgp/router_id", "\"::1\"", "bgp.router_id: must be an IPv4 address"},
    {"no neighbours", "/bgp/neighbours", "[]", "bgp.neighbours: must not be empty"},
    {"neighbour name taken", "/bgp/neighbours/0/name", "\"bfd1\"", "is taken"},
    {"neighbour name like our own", "/bgp/neighbours/0/name", "\"drain_a\"", "one of our own protocols"},
    {"community with a word", "/bgp/neighbours/0/communities", R"(["64500:x"])",
     "communities[0]: must be a BGP"},
    {"community too large", "/bgp/neighbours/0/communities", R"(["65536:1"])", "must be a BGP community"},
    {"community of four", "/bgp/neighbours/0/communities", R"(["1:2:3:4"])", "must be a BGP community"},
    {"too many prepends", "/bgp/neighbours/0/prepend", "11", "bgp.neighbours[0].prepend: "},
    {"neighbour name for BIRD", "/bgp/neighbours/0/name", "\"Host 4\"", "lower-case letters"},
    {"neighbour name that is BIRD's keyword", "/bgp/neighbours/0/name", "\"bgp\"", "BIRD's own language"},
    {"neighbour name that is BIRD's table", "/bgp/neighbours/0/name", "\"master4\"", "BIRD's own language"},
    {"neighbour name that is BIRD's attribute", "/bgp/neighbours/0/name", "\"bgp_med\"",
     "BIRD's own language"},
    {"relative control socket", "/bgp/control_socket", "\"bird.ctl\"",
     "bgp.control_socket: must be a plain absolute file name"},
    {"control socket that no socket address holds", "/bgp/control_socket",
     "\"/a23456789/b23456789/c23456789/d23456789/e23456789/f23456789/g23456789/h23456789/i23456789/"
     "j23456789/k234567\"",
     "at most 107 octets"},
    {"control socket with a NUL", "/bgp/control_socket", "\"/run/a\\u0000b\"", "bgp.control_socket: "},
    {"source of another family", "/bgp/neighbours/0/source", "\"::1\"", "must be of the neighbour"},
    {"AS out of range", "/bgp/neighbours/0/as", "0", "bgp.neighbours[0].as: "},
    {"BFD without an interface", "/bgp/neighbours/0/interface", nullptr, "is missing; BFD needs it"},
    {"interface that breaks out of BIRD's quotes", "/bgp/neighbours/0/interface", "\"a\\\"\"",
     "must be an interface name"},
    {"password that breaks out of BIRD's quotes", "/bgp/neighbours/0/password", "\"a\\\"b\"", "printable"},
    {"hold time", "/bgp/neighbours/0/hold_time", "5", "at least three times keepalive_time"},
    {"no zones", "/zones", "[]", "must hold the root"},
    {"zone without a source", "/zones/0/primaries", nullptr, "exactly one of"},
    {"zone with two sources", "/zones/0/file", "\"/x\"", "exactly one of"},
    {"zone name with an empty label", "/zones/0/origin", "\"a..b\"", "zones[0].origin: must be a domain"},
    {"zone name with a space", "/zones/0/origin", "\"a b\"", "zones[0].origin: must be a domain name"},
    {"zone name with an escape", "/zones/0/origin", R"("a\\046b")", "zones[0].origin: must be a domain"},
    {"label of 64 octets", "/zones/0/origin",
     "\"a123456789b123456789c123456789d123456789e123456789f123456789g123.arpa\"",
     "zones[0].origin: must be a domain name"},
    {"primaries of the other family", "/zones/0/primaries", R"(["2001:db8::1"])",
     "zones[0].primaries: are all of another family than management.address"},
    {"relative file", "/zones/0/trust_anchors", R"(["root.ds"])", "must be a plain absolute file name"},
    {"no trust anchor", "/zones/0/trust_anchors", nullptr, "zones[0].trust_anchors: is missing"},
    {"bad management address", "/management/address", "\"x\"", "management.address: "},
    {"transfers without a management address", "/management", nullptr, "management.address: is missing"},
    {"rise of 0", "/health", R"({"rise": 0})", "health.rise: "},
    {"hold-down over its maximum", "/health", R"({"hold_down_ms": 2000, "hold_down_max_ms": 1000})",
     "health.hold_down_ms: must not be larger"},
    {"too many workers", "/engine", R"({"workers": 65})", "engine.workers: "},
    {"metrics for everybody", "/web", R"({"ops": ["0.0.0.0:9053"]})", "must be a loopback address"},
    {"root as a user", "/users/engine", "\"0:0\"", "users.engine: must not be root"},
    {"no user's id", "/users/engine", "\"4294967295:64003\"", "users.engine: must not have the id 0"},
    {"no group's id", "/users/engine", "\"64003:4294967295\"", "users.engine: must not have the id 0"},
    {"two processes of one user", "/users/web", "\"64003:64005\"",
     "users.web: has the same uid as users.engine"},
    {"user that is not there", "/users/engine", "\"no-such-user-here\"", "no such user"},
};

TEST(Config, EverythingElseIsRefusedByName) {
  for (const Case& c : kRefused) {
    json value = good();
    const json::json_pointer at(c.path);
    if (c.value == nullptr) {
      value.at(at.parent_pointer()).erase(at.back());
    } else {
      value[at] = json::parse(c.value);
    }
    const auto config = parse(value);
    ASSERT_FALSE(config.ok()) << c.description;
    EXPECT_NE(config.error().message.find(c.want), std::string::npos)
        << c.description << ": " << config.error().message;
    EXPECT_EQ(config.error().message.find("top-secret"), std::string::npos) << c.description;
  }
}

// The longest that fits is taken, one octet more is not: what the table cannot say shortly.
TEST(Config, LongNamesUpToTheLimit) {
  const std::string label(63, 'a');
  const auto with_origin = [&](std::size_t last) {
    json value = good();
    const std::string origin = label + "." + label + "." + label + "." + std::string(last, 'a');
    value["zones"].push_back({{"origin", origin}, {"file", "/z"}, {"dnssec", "none"}});
    return parse(value).ok();
  };
  EXPECT_TRUE(with_origin(61));
  EXPECT_FALSE(with_origin(62));
  const auto with_socket = [&](std::size_t size) {
    json value = good();
    value["bgp"]["control_socket"] = "/" + std::string(size - 1, 'a');
    return parse(value).ok();
  };
  EXPECT_TRUE(with_socket(107));
  EXPECT_FALSE(with_socket(108));
}

TEST(Config, OnePrimaryOfTheManagementFamilyIsEnough) {
  json value = good();
  value["zones"][0]["primaries"] = {"2001:db8::1", "198.51.100.1"};
  EXPECT_TRUE(parse(value).ok());
}

TEST(Config, AllComplaintsComeAtOnce) {
  json value = good();
  value["colour"] = 1;
  value["bgp"]["router_id"] = 7;
  const auto config = parse(value);
  ASSERT_FALSE(config.ok());
  EXPECT_NE(config.error().message.find("colour"), std::string::npos) << config.error().message;
  EXPECT_NE(config.error().message.find("bgp.router_id"), std::string::npos) << config.error().message;
}

TEST(Config, BrokenJsonIsNamed) {
  for (const char* text : {"", "{", "[]", "null", "{\"a\": 1, \"a\": 2}", "{} x", "{// c\n}"}) {
    const auto config = parse_config(text);
    EXPECT_FALSE(config.ok()) << text;
  }
  EXPECT_FALSE(load_config("/no/such/file").ok());
  EXPECT_NE(load_config("/no/such/file").error().message.find("/no/such/file"), std::string::npos);
}

TEST(Config, TheZonePartSurvivesTheWayToImrsZone) {
  json value = good();
  value["zones"].push_back(
      {{"origin", "ROOT-SERVERS.net"}, {"file", "/z"}, {"dnssec", "none"}, {"zonemd", "none"}});
  value["state_directory"] = "/var/lib/imrs";
  const auto config = parse(value);
  ASSERT_TRUE(config.ok()) << config.error().message;
  const auto settings = parse_zone_settings(zone_settings_json(*config));
  ASSERT_TRUE(settings.ok()) << settings.error().message;
  ASSERT_EQ(settings->zones.size(), 2U);
  EXPECT_EQ(settings->zones[0].primaries[0].address.text, "198.51.100.1");
  EXPECT_EQ(settings->zones[0].primaries[0].port, 5353);
  EXPECT_EQ(settings->zones[0].refresh, std::chrono::seconds(1));
  EXPECT_EQ(settings->zones[0].trust_anchors, std::vector<std::string>{"/usr/share/dns/root.ds"});
  EXPECT_EQ(settings->zones[1].origin, "root-servers.net.");
  EXPECT_EQ(settings->zones[1].file, "/z");
  EXPECT_EQ(settings->zones[1].dnssec, ZoneConfig::Dnssec::None);
  EXPECT_EQ(settings->zones[1].zonemd, ZoneConfig::Zonemd::None);
  EXPECT_EQ(settings->management->text, "198.51.100.2");
  EXPECT_EQ(settings->state_directory, "/var/lib/imrs");
  EXPECT_EQ(zone_settings_json(*config).find("top-secret"), std::string::npos);
}

TEST(Config, KeysGoToImrsZoneAndNotToTheAuditor) {
  json value = good();
  value["tsig_keys"] = {
      {{"name", "imrs-lab."}, {"algorithm", "hmac-sha384"}, {"secret", "MTIzNDU2Nzg5MDEyMzQ1Ng=="}}};
  value["zones"][0]["primaries"] = {"198.51.100.1", {{"address", "198.51.100.9@54"}, {"key", "imrs-lab."}}};
  value["zones"][0]["accept_serial"] = 4294967295U;
  value["zones"][0]["most_removed_percent"] = 7;
  value["management"]["notify_port"] = 5300;
  const auto config = parse(value);
  ASSERT_TRUE(config.ok()) << config.error().message;
  EXPECT_EQ(config->notify_port, 5300);
  const auto settings = parse_zone_settings(zone_settings_json(*config));
  ASSERT_TRUE(settings.ok()) << settings.error().message;
  ASSERT_EQ(settings->tsig_keys.size(), 1U);
  EXPECT_EQ(settings->tsig_keys[0].name, "imrs-lab.");
  EXPECT_EQ(settings->tsig_keys[0].algorithm, "hmac-sha384");
  EXPECT_EQ(settings->tsig_keys[0].secret, "MTIzNDU2Nzg5MDEyMzQ1Ng==");
  EXPECT_EQ(settings->zones[0].primaries[0].key, "");
  EXPECT_EQ(settings->zones[0].primaries[1].key, "imrs-lab.");
  EXPECT_EQ(settings->zones[0].primaries[1].address.text, "198.51.100.9");
  EXPECT_EQ(settings->zones[0].primaries[1].port, 54);
  EXPECT_EQ(settings->zones[0].accept_serial, 4294967295U);
  EXPECT_EQ(settings->zones[0].most_removed, 7U);
  EXPECT_EQ(audit_settings_json(*config).find("MTIzND"), std::string::npos);
  EXPECT_TRUE(parse_zone_settings(audit_settings_json(*config)).ok());
}

TEST(Config, WhatIsServedGoesToImrsZoneAndIsNoKeyOfTheFile) {
  json value = good();
  value["zones"].push_back({{"origin", "arpa"}, {"file", "/z"}, {"dnssec", "none"}});
  const auto config = parse(value);
  ASSERT_TRUE(config.ok()) << config.error().message;
  const auto settings = parse_zone_settings(
      zone_settings_json(*config, {{".", {4294967295U, 1500}}, {"net.", {7, 1}}}));
  ASSERT_TRUE(settings.ok()) << settings.error().message;
  EXPECT_EQ(settings->zones[0].served_serial, 4294967295U);
  EXPECT_EQ(settings->zones[0].served_delegations, 1500U);
  EXPECT_EQ(settings->zones[1].served_serial, std::nullopt);
  EXPECT_EQ(settings->zones[1].served_delegations, std::nullopt);
  const auto at_start = parse_zone_settings(zone_settings_json(*config));
  ASSERT_TRUE(at_start.ok()) << at_start.error().message;
  EXPECT_EQ(at_start->zones[0].served_serial, std::nullopt);
  for (const char* serial : {"-1", "4294967296", "\"7\"", "1.5", "null"}) {
    json zones = {{"zones", {{{"origin", "."}, {"file", "/z"}, {"served_serial", json::parse(serial)}}}}};
    EXPECT_FALSE(parse_zone_settings(zones.dump()).ok()) << serial;
  }
  for (const std::string key : {"served_serial", "served_delegations"}) {
    json other = value;
    other["zones"][0][key] = 7;
    const auto from_file = parse(other);
    ASSERT_FALSE(from_file.ok());
    EXPECT_NE(from_file.error().message.find("zones[0]." + key), std::string::npos)
        << from_file.error().message;
  }
}

// "hostmaster." and the name have to be a name, or the zone would never come, and no image with it.
TEST(Config, AnIdentityZoneNeedsANameAndAnAddressThatFit) {
  json value = good();
  const std::string label(60, 'a');
  value["identity_zone"] = {{"name_server", label + "." + label + "." + label + "." + label + "."}};
  const auto config = parse(value);
  ASSERT_FALSE(config.ok());
  EXPECT_NE(config.error().message.find("identity_zone.name_server: "), std::string::npos);
  for (const char* address : {"199.7.83.42", "127.0.0.1", "2001:db8::1"}) {
    value["identity_zone"] = {{"address", address}};
    const auto refused = parse(value);
    ASSERT_FALSE(refused.ok()) << address;
    EXPECT_NE(refused.error().message.find("identity_zone.address: "), std::string::npos) << address;
  }
  value["identity_zone"] = {{"place", {"Paris"}}};
  const auto fits = parse(value);
  ASSERT_TRUE(fits.ok()) << fits.error().message;
  EXPECT_EQ(fits->zones.back().identity->address.text, "198.51.100.2");
}

}  // namespace
}  // namespace imrs

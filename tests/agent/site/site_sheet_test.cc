// From a site sheet to the configuration.
#include "agent/site/site_sheet.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "agent/config/config.h"
#include "agent/site/site_secrets.h"

namespace imrs::site {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using Json = nlohmann::json;

// The package's users need not exist where the tests run.
Json users() {
  Json out;
  int id = 1001;
  for (const char* name : {"agent", "launcher", "engine", "zone", "web", "audit"}) {
    out[name] = std::to_string(id) + ":" + std::to_string(id);
    ++id;
  }
  return out;
}

Json small_sheet() {
  Json sheet = Json::parse(R"({
    "identity": {"number": 1, "country": "fr", "city": "par"},
    "appliance": "calypso",
    "management": {"address": "198.51.100.10"},
    "neighbours": [{"address": "192.0.2.1", "source": "192.0.2.2", "as": 64500}],
    "primaries": [{"address": "198.51.100.53", "key": "key."}]})");
  sheet["settings"]["users"] = users();
  return sheet;
}

// What agent.json says at a JSON pointer.
Json said(const Site& site, const char* pointer) {
  return Json::parse(site.agent_json).at(Json::json_pointer(pointer));
}

std::string complaint(const Json& sheet) {
  const auto site = read_site(sheet.dump(), {});
  return site ? "" : site.error().message;
}

TEST(SiteSheet, ASmallOneGivesAllOfTheConfiguration) {
  const auto site = read_site(small_sheet().dump(), {});
  ASSERT_TRUE(site) << site.error().message;
  EXPECT_EQ(site->identity, "aa01-fr-par.l.dns.icann.org");
  const auto config = parse_config(site->agent_json, placeholder_secrets(site->secrets));
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->instance.identity, site->identity);
  EXPECT_EQ(config->bgp.router_id, "192.0.2.2");
  EXPECT_EQ(config->bgp.neighbours[0].name, "host4");
  EXPECT_EQ(config->zones.size(), 3U);
  EXPECT_EQ(config->zones[2].dnssec, ZoneConfig::Dnssec::None) << "root-servers.net. is not signed";
  EXPECT_EQ(config->tsig_keys[0].algorithm, "hmac-sha256");
  EXPECT_EQ(config->state_directory, "/var/lib/imrs");
  EXPECT_EQ(config->secrets_file, "/etc/imrs/secrets.json");
  EXPECT_EQ(said(*site, "/web/noc"), Json({"192.0.2.2:80"}));
  EXPECT_EQ(said(*site, "/web/ops"), Json({"127.0.0.1:9053", "198.51.100.10:9053"}));
  EXPECT_THAT(site->secrets.neighbours, ElementsAre("host4"));
  EXPECT_THAT(site->secrets.keys, ElementsAre("key."));
  EXPECT_FALSE(site->secrets.cookies);
  EXPECT_THAT(site->files, ElementsAre("/etc/imrs/anchors/root.ds", "/etc/imrs/anchors/arpa.ds",
                                       "/etc/imrs/tls/server.pem", "/etc/imrs/tls/server.key",
                                       "/etc/imrs/tls/client-ca.pem"));
  EXPECT_THAT(site->notes, Contains(HasSubstr("no neighbour is ipv6")));
  EXPECT_THAT(site->notes, Contains(HasSubstr("networks.icann is empty")));
}

TEST(SiteSheet, EachPartFindsItsPlace) {
  struct Case {
    const char* description;
    const char* patch;  // RFC 7396, to the small sheet
    const char* pointer;
    const char* want;
  };
  const Case cases[] = {
      {"a name", R"({"identity": "lax01.l.root-servers.org"})", "/instance/identity",
       R"("lax01.l.root-servers.org")"},
      {"a pattern", R"({"identity": "x.example", "identity_pattern": ".*"})", "/instance/identity_pattern",
       R"(".*")"},
      {"a member", R"({"cluster": {"member": "b"}})", "/instance/cluster", R"({"member": "b"})"},
      {"a member's kind", R"({"cluster": {"member": "b"}})", "/instance/kind", R"("cluster")"},
      {"zones by name", R"({"zones": [".", "ARPA"]})", "/zones/1/trust_anchors",
       R"(["/etc/imrs/anchors/arpa.ds"])"},
      {"a zone's own settings",
       R"({"zones": [{"origin": ".", "trust_anchors": ["/x"], "refresh_seconds": 60}]})", "/zones/0",
       R"({"origin": ".", "dnssec": "required", "trust_anchors": ["/x"], "refresh_seconds": 60,
           "primaries": [{"address": "198.51.100.53", "key": "key."}]})"},
      {"a zone from a file", R"({"zones": [{"origin": ".", "file": "/z"}]})", "/zones/0",
       R"({"origin": ".", "dnssec": "required", "trust_anchors": ["/etc/imrs/anchors/root.ds"],
           "file": "/z"})"},
      {"primaries without keys", R"({"zones": ["."], "primaries": ["198.51.100.53@5353"]})",
       "/zones/0/primaries", R"(["198.51.100.53@5353"])"},
      {"an algorithm",
       R"({"primaries": [{"address": "198.51.100.53", "key": "key.", "algorithm": "hmac-sha512"}]})",
       "/tsig_keys", R"([{"name": "key.", "algorithm": "hmac-sha512"}])"},
      {"an identity zone", R"({"identity_zone": true, "place": ["Paris"]})", "/identity_zone",
       R"({"place": ["Paris"]})"},
      {"networks", R"({"networks": {"icann": ["192.0.2.0/24"]}, "time_servers": ["192.0.2.1"]})", "/access",
       R"({"icann": ["192.0.2.0/24"], "host": [], "time_servers": ["192.0.2.1"]})"},
      {"ports", R"({"noc_port": 8080, "ops_port": 9100})", "/web/noc", R"(["192.0.2.2:8080"])"},
      {"more", R"({"settings": {"bgp": {"drain_seconds": 9}}})", "/bgp/drain_seconds", "9"},
      {"another thing", R"({"settings": {"web": {"tls": null, "ops": []}}})", "/web/ops", "[]"},
      {"two of a family",
       R"({"neighbours": [{"address": "192.0.2.1", "source": "192.0.2.2", "as": 1},
                          {"address": "192.0.2.5", "source": "192.0.2.6", "as": 1, "password": false}]})",
       "/bgp/neighbours/1/name", R"("host4_2")"},
  };
  for (const Case& one : cases) {
    SCOPED_TRACE(one.description);
    Json sheet = small_sheet();
    sheet.merge_patch(Json::parse(one.patch));
    const auto site = read_site(sheet.dump(), {});
    ASSERT_TRUE(site) << site.error().message;
    EXPECT_EQ(said(*site, one.pointer), Json::parse(one.want));
  }
}

TEST(SiteSheet, ItsNameIsTheOneThatIsWritten) {
  Json sheet = small_sheet();
  sheet["settings"]["instance"]["identity"] = "bb02-de-fra.l.dns.icann.org";
  const auto site = read_site(sheet.dump(), {});
  ASSERT_TRUE(site) << site.error().message;
  EXPECT_EQ(site->identity, "bb02-de-fra.l.dns.icann.org");
  EXPECT_EQ(said(*site, "/instance/identity"), Json(site->identity));
}

TEST(SiteSheet, SaysWhereItIsWrong) {
  struct Case {
    const char* patch;
    const char* want;
  };
  const Case cases[] = {
      {R"({"identity": null})", "identity: is missing"},
      {R"({"identity": 1})", "identity: must be an object"},
      {R"({"identity": {"number": 0}})", "identity.number: is out of range; use 1 to 99"},
      {R"({"identity": {"country": "fra"}})", "identity.country: must be two letters"},
      {R"({"identity": {"town": "x"}})", "identity.town: unknown key"},
      {R"({"identity": "lab01.example"})", "identity: \"lab01.example\" does not match"},
      {R"({"identity_pattern": "["})", "identity_pattern: is no regular expression"},
      {R"({"appliance": null})", "appliance: is missing"},
      {R"({"appliance": "ariadne"})", "appliance: use \"calypso\" or \"pandora\""},
      {R"({"cluster": {}})", "cluster.member: is missing"},
      {R"({"cluster": {"member": "a", "cookie_secrets": ["0123"]}})", "cluster.cookie_secrets: unknown key"},
      {R"({"management": null})", "management.address: is missing; transfers leave from it"},
      {R"({"management": {"address": "198.51.100.256"}})", "management.address: \"198.51.100.256\" is not"},
      {R"({"neighbours": null})", "neighbours: is missing"},
      {R"({"neighbours": []})", "neighbours: must not be empty"},
      {R"({"neighbours": [{"address": "192.0.2.1", "source": "192.0.2.2"}]})",
       "neighbours[0].as: is missing"},
      {R"({"neighbours": [{"address": "192.0.2.1", "source": "192.0.2.2", "as": 1, "hold_time": 4,
                           "keepalive_time": 3}]})",
       "neighbours[0].hold_time: must be at least"},
      {R"({"neighbours": [{"address": "192.0.2.1", "source": "192.0.2.2", "as": 1, "password": "hush"}]})",
       "neighbours[0].password: must be true or false"},
      {R"({"neighbours": [{"address": "192.0.2.1", "source": "192.0.2.2", "as": 1, "md5": true}]})",
       "neighbours[0].md5: unknown key"},
      {R"({"neighbours": [{"address": "2001:db8::1", "source": "2001:db8::2", "as": 1}],
           "management": {"address": "2001:db8::3"}})",
       "router_id: is missing"},
      {R"({"primaries": ["198.51.100.53"]})", "primaries[0]: needs a key"},
      {R"({"primaries": null})", "zones[0]: needs exactly one of \"file\" and \"primaries\""},
      {R"({"primaries": [{"address": "x", "key": "key."}]})", "primaries[0].address: \"x\" is not"},
      {R"({"primaries": [{"address": "198.51.100.53", "key": "Key"}]})", "tsig_keys[0].name: must be"},
      {R"({"primaries": [{"address": "198.51.100.53", "key": "key."},
                         {"address": "198.51.100.54", "key": "key.", "algorithm": "hmac-sha512"}]})",
       "primaries[1].algorithm: is another algorithm"},
      {R"({"primaries": [{"address": "198.51.100.53", "algorithm": "hmac-sha512"}]})",
       "primaries[0].algorithm: is of no \"key\""},
      {R"({"zones": [7]})", "zones[0]: must be an origin"},
      {R"({"zones": []})", "zones: must hold the root"},
      {R"({"networks": {"icann": ["192.0.2.1/24"]}})", "networks.icann[0]: \"192.0.2.1/24\" has host bits"},
      {R"({"networks": {"isp": []}})", "networks.isp: unknown key"},
      {R"({"time_servers": ["ntp.example"]})", "time_servers[0]: \"ntp.example\" is not"},
      {R"({"noc_port": 0})", "noc_port: is out of range"},
      {R"({"contract": "x"})", "contract: unknown key"},
      {R"({"settings": {"tsig_keys": [{"secret": "hush"}]}})", "settings.tsig_keys[0].secret: is a secret"},
      {R"({"settings": {"rssac002": {"source_key": "hush"}}})", "settings.rssac002.source_key: is a secret"},
      {R"({"settings": {"engine": {"worker": 2}}})", "engine.worker: unknown key"},
      {R"({"settings": {"zones": [{"origin": ".", "primaries": ["x"]}]}})", "zones[0].primaries[0]: \"x\""},
  };
  for (const Case& one : cases) {
    Json sheet = small_sheet();
    sheet.merge_patch(Json::parse(one.patch));
    const std::string said = complaint(sheet);
    EXPECT_THAT(said, HasSubstr(one.want)) << one.patch;
    EXPECT_THAT(said, Not(HasSubstr("hush"))) << "a secret is never repeated";
  }
}

TEST(SiteSheet, IsJsonOfABearableForm) {
  for (const std::string& text :
       {std::string(), std::string("{"), std::string("[]"), std::string("null"), std::string("\"x\""),
        std::string(100'000, '['), R"({"settings": )" + std::string(50, '[') + std::string(50, ']') + "}",
        R"({"identity": "a", "identity": "b"})" + std::string()}) {
    EXPECT_FALSE(read_site(text, {})) << text.substr(0, 40);
  }
  EXPECT_THAT(read_site(R"({"identity": "a", "identity": "b"})", {}).error().message, HasSubstr("twice"));
}

std::string content_of(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Each sheet of the examples stands beside the configuration that it gives.
TEST(SiteSheet, TheExamplesAreUpToDate) {
  int seen = 0;
  for (const auto& entry : std::filesystem::directory_iterator(IMRS_EXAMPLES_DIR)) {
    const std::string name = entry.path().filename().string();
    const std::size_t end = name.find(".sheet.json");
    if (end == std::string::npos) continue;
    SCOPED_TRACE(name);
    ++seen;
    Json sheet = Json::parse(content_of(entry.path()));
    sheet["settings"]["users"] = users();
    const auto site = read_site(sheet.dump(), {});
    ASSERT_TRUE(site) << site.error().message;
    auto made = nlohmann::ordered_json::parse(site->agent_json);
    made.erase("users");
    const auto beside = entry.path().parent_path() / (name.substr(0, end) + ".agent.json");
    EXPECT_EQ(content_of(beside), made.dump(2) + "\n") << beside;
    EXPECT_THAT(site->notes, IsEmpty()) << site->notes[0];
  }
  EXPECT_EQ(seen, 4);
}

}  // namespace
}  // namespace imrs::site

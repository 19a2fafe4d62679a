// The secrets' file of a new instance.
#include "agent/site/site_secrets.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "agent/config/secrets.h"

namespace imrs::site {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using Json = nlohmann::json;

const SecretsWanted kSingle{.neighbours = {"host4", "host6"}, .keys = {"key."}, .cookies = false};
const SecretsWanted kMember{.neighbours = {"host4"}, .keys = {}, .cookies = true};

constexpr const char* kHex = "000102030405060708090a0b0c0d0e0f";

std::string made_up(std::size_t octets) { return std::string(octets * 2, 'a'); }

TEST(SiteSecrets, WhatNobodyHasSaidIsLeftEmptyAndNamed) {
  const auto filled = fill_secrets(kSingle, {});
  ASSERT_TRUE(filled);
  EXPECT_EQ(Json::parse(filled->json),
            Json::parse(R"({"bgp_passwords": {"host4": "", "host6": ""}, "tsig_secrets": {"key.": ""}})"));
  EXPECT_THAT(filled->missing,
              ElementsAre("bgp_passwords.host4", "bgp_passwords.host6", "tsig_secrets.key."));
  EXPECT_THAT(filled->made, IsEmpty());
  EXPECT_TRUE(parse_secrets(filled->json)) << "a skeleton has the form of such a file";
  EXPECT_TRUE(parse_secrets(fill_secrets(kMember, {})->json));
}

TEST(SiteSecrets, GivenGoesBeforeKeptBeforeMade) {
  SecretSources sources;
  sources.given = R"({"bgp_passwords": {"host4": "given"}, "source_key": ")" + std::string(kHex) + "\"}";
  sources.before = R"({"bgp_passwords": {"host4": "kept4", "host6": "kept6", "gone4": "x"},
                       "tsig_secrets": {"gone.": "y"}})";
  sources.random = made_up;
  const auto filled = fill_secrets(kSingle, sources);
  ASSERT_TRUE(filled) << filled.error().message;
  const Json json = Json::parse(filled->json);
  EXPECT_EQ(json["bgp_passwords"], Json::parse(R"({"host4": "given", "host6": "kept6"})"));
  EXPECT_EQ(json["source_key"], kHex);
  EXPECT_TRUE(filled->has_source_key);
  EXPECT_THAT(filled->missing, ElementsAre("tsig_secrets.key.")) << "its owner is who runs the primary";
  EXPECT_THAT(filled->dropped, ElementsAre("bgp_passwords.gone4", "tsig_secrets.gone."));
}

TEST(SiteSecrets, PasswordsAndCookiesCanBeMade) {
  const auto filled = fill_secrets(kMember, {.given = {}, .before = {}, .random = made_up});
  ASSERT_TRUE(filled);
  EXPECT_THAT(filled->made, ElementsAre("bgp_passwords.host4", "cookie_secrets"));
  EXPECT_THAT(filled->missing, IsEmpty());
  EXPECT_FALSE(filled->has_source_key) << "the fleet's, or none";
  const auto parsed = parse_secrets(filled->json);
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_THAT(parsed->cookie_secrets, ElementsAre(std::string(32, 'a')));
  EXPECT_EQ(parsed->bgp_passwords.at("host4").size(), 32U);
}

TEST(SiteSecrets, StrangersAndWrongFormsAreRefusedWithoutTheirValues) {
  const char* const wrong[] = {R"({"bgp_passwords": {"host5": "hush"}})",
                               R"({"tsig_secrets": {"other.": "hush"}})",
                               R"({"cookie_secrets": ["68757368687573686875736868757368"]})",
                               R"({"source_key": "hush"})",
                               R"({"passwords": {"host4": "hush"}})",
                               R"({"bgp_passwords": {"host4": ["hush"]}})",
                               "hush",
                               ""};
  for (const char* text : wrong) {
    const auto filled = fill_secrets(kSingle, {.given = text, .before = {}, .random = {}});
    ASSERT_FALSE(filled) << text;
    EXPECT_THAT(filled.error().message, HasSubstr("the secrets that are given")) << text;
    EXPECT_THAT(filled.error().message, Not(HasSubstr("hush")));
    EXPECT_THAT(filled.error().message, Not(HasSubstr("6875")));
  }
}

TEST(SiteSecrets, AreCheckedTogetherWithTheConfiguration) {
  const auto site = read_site(R"({
    "identity": "aa01-fr-par.l.dns.icann.org", "appliance": "calypso", "cluster": {"member": "a"},
    "management": {"address": "198.51.100.10"},
    "neighbours": [{"address": "192.0.2.1", "source": "192.0.2.2", "as": 64500}],
    "primaries": [{"address": "198.51.100.53", "key": "key."}],
    "settings": {"users": {"agent": "1:1", "launcher": "2:2", "engine": "3:3", "zone": "4:4", "web": "5:5",
                           "audit": "6:6"}}})",
                              {});
  ASSERT_TRUE(site) << site.error().message;
  const auto check = [&](const char* given) {
    const auto filled = fill_secrets(site->secrets, {.given = given, .before = {}, .random = {}});
    const auto good = filled ? check_together(site->agent_json, filled->json) : filled.error();
    return good ? std::string() : good.error().message;
  };
  EXPECT_EQ(check("{}"), "") << "what is empty is said apart";
  EXPECT_EQ(check(R"({"tsig_secrets": {"key.": "MDEyMzQ1Njc4OTAxMjM0NQ=="}})"), "");
  EXPECT_THAT(check(R"({"tsig_secrets": {"key.": "hush"}})"), HasSubstr("tsig_secrets.key.: must be base64"));
  EXPECT_THAT(check(R"({"bgp_passwords": {"host4": "two words"}})"), HasSubstr("password: must be"));
  // The agent itself takes none that is empty.
  const auto empty = fill_secrets(site->secrets, {});
  ASSERT_TRUE(empty);
  const auto config = parse_config(site->agent_json, empty->json);
  ASSERT_FALSE(config);
  EXPECT_THAT(config.error().message, HasSubstr("bgp_passwords.host4: is empty"));
  EXPECT_TRUE(parse_config(site->agent_json, placeholder_secrets(site->secrets)));
}

}  // namespace
}  // namespace imrs::site

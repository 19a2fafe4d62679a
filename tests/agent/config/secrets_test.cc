// The secrets' file: where its contents go, what is refused, and that no error tells a secret.
#include "agent/config/secrets.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "tests/support/temp_directory.h"

namespace imrs {
namespace {

constexpr const char* kHex = "00112233445566778899aabbccddeeff";
constexpr const char* kKey = "c2VjcmV0LXNlY3JldC1zZWNyZXQhIQ==";

Json example() {
  return Json::parse(R"({
    "instance": {"identity": "aa01-fr-par.l.dns.icann.org", "kind": "cluster", "appliance": "calypso",
                 "cluster": {"member": "a"}},
    "management": {"address": "198.51.100.2"},
    "bgp": {"router_id": "192.0.2.1", "neighbours": [
      {"name": "host4", "address": "192.0.2.2", "source": "192.0.2.1", "as": 64500}]},
    "tsig_keys": [{"name": "imrs-lab.", "algorithm": "hmac-sha256"}],
    "zones": [{"origin": ".", "primaries": [{"address": "198.51.100.1", "key": "imrs-lab."}],
               "trust_anchors": ["/usr/share/dns/root.ds"]}],
    "users": {"agent": "64001:64001", "launcher": "64002:64002", "engine": "64003:64003",
              "zone": "64004:64004", "web": "64005:64005", "audit": "64007:64007"}
  })");
}

Json secrets() {
  return {{"bgp_passwords", {{"host4", "agreed-with-host"}}},
          {"tsig_secrets", {{"imrs-lab.", kKey}}},
          {"cookie_secrets", {kHex}},
          {"source_key", kHex}};
}

TEST(Secrets, AllOfThemGoWhereTheyBelong) {
  const auto config = parse_config(example().dump(), secrets().dump());
  ASSERT_TRUE(config.ok()) << config.error().message;
  EXPECT_EQ(config->bgp.neighbours[0].password, "agreed-with-host");
  EXPECT_EQ(config->tsig_keys[0].secret, kKey);
  EXPECT_EQ(config->instance.cluster->cookie_secrets, std::vector<std::string>{kHex});
  EXPECT_EQ(config->rssac002.source_key, kHex);
}

TEST(Secrets, OneThatIsMissingIsNamedWithTheRemedy) {
  Json without = secrets();
  without.erase("tsig_secrets");
  const auto config = parse_config(example().dump(), without.dump());
  ASSERT_FALSE(config.ok());
  EXPECT_NE(config.error().message.find("tsig_keys[0].secret: is missing; put it into the file"),
            std::string::npos)
      << config.error().message;
}

struct Case {
  const char* description;
  const char* path;   // JSON pointer into the secrets
  const char* value;  // JSON
  const char* want;
};

constexpr Case kRefused[] = {
    {"unknown key", "/colour", "1", "colour: unknown key"},
    {"a password of nobody", "/bgp_passwords/host9", "\"x\"", "bgp_passwords.host9: is the password of no"},
    {"an empty password", "/bgp_passwords/host4", "\"\"", "bgp_passwords.host4: is empty"},
    {"a password that is no text", "/bgp_passwords/host4", "7", "bgp_passwords.host4: must be text"},
    {"passwords that are no object", "/bgp_passwords", "[]", "bgp_passwords: must be an object"},
    {"a password BIRD could not read", "/bgp_passwords/host4", "\"a b\"", "bgp.neighbours[0].password: "},
    {"a key of nobody", "/tsig_secrets/other.", "\"x\"", "tsig_secrets.other.: is of no key"},
    {"no base64", "/tsig_secrets/imrs-lab.", "\"top-secret!\"", "tsig_secrets.imrs-lab.: must be base64"},
    {"a cookie secret that is none", "/cookie_secrets/0", "\"top-secret!\"", "cookie_secrets[0]: must be 32"},
    {"a source key that is none", "/source_key", "\"top-secret!\"", "source_key: must be 32"}};

TEST(Secrets, WhatIsWrongIsRefusedWithoutTellingIt) {
  for (const Case& c : kRefused) {
    Json value = secrets();
    value[Json::json_pointer(c.path)] = Json::parse(c.value);
    const auto config = parse_config(example().dump(), value.dump());
    ASSERT_FALSE(config.ok()) << c.description;
    EXPECT_NE(config.error().message.find(c.want), std::string::npos)
        << c.description << ": " << config.error().message;
    EXPECT_EQ(config.error().message.find("top-secret"), std::string::npos) << c.description;
  }
}

TEST(Secrets, ASecretIsInOneFileOnly) {
  Json both = example();
  both["bgp"]["neighbours"][0]["password"] = "in-agent-json";
  const auto config = parse_config(both.dump(), secrets().dump());
  ASSERT_FALSE(config.ok());
  EXPECT_NE(config.error().message.find("bgp_passwords.host4: is in agent.json and in the secrets file"),
            std::string::npos)
      << config.error().message;
}

TEST(Secrets, CookieSecretsAreForClusters) {
  Json single = example();
  single["instance"] = {{"identity", "x.example"}, {"kind", "single"}, {"appliance", "pandora"}};
  const auto config = parse_config(single.dump(), secrets().dump());
  ASSERT_FALSE(config.ok());
  EXPECT_NE(config.error().message.find("only for a member of a cluster"), std::string::npos);
}

class SecretsFile : public ::testing::Test {
 protected:
  // Both files; returns what load_config says of them.
  Result<Config> load(mode_t mode) {
    const std::string file = directory_.path("secrets.json"), main = directory_.path("agent.json");
    std::ofstream(file) << secrets().dump();
    ::chmod(file.c_str(), mode);
    Json json = example();
    json["secrets_file"] = file;
    std::ofstream(main) << json.dump();
    return load_config(main);
  }

  test::TempDirectory directory_;
};

TEST_F(SecretsFile, IsReadIfItsModeIsStrict) {
  for (const mode_t mode : {0600U, 0640U, 0400U}) {
    const auto config = load(mode);
    ASSERT_TRUE(config.ok()) << std::oct << mode << ": " << config.error().message;
    EXPECT_EQ(config->bgp.neighbours[0].password, "agreed-with-host");
  }
}

TEST_F(SecretsFile, IsRefusedIfOthersMayReadOrItsGroupMayWriteIt) {
  for (const mode_t mode : {0644U, 0660U, 0601U}) {
    const auto config = load(mode);
    ASSERT_FALSE(config.ok()) << std::oct << mode;
    EXPECT_NE(config.error().message.find("\"chmod 0640\" it"), std::string::npos) << config.error().message;
  }
}

TEST_F(SecretsFile, ThatIsMissingOrNoPlainFileIsNamed) {
  ASSERT_TRUE(load(0600).ok());
  std::filesystem::remove(directory_.path("secrets.json"));
  const auto missing = load_config(directory_.path("agent.json"));
  ASSERT_FALSE(missing.ok());
  EXPECT_NE(missing.error().message.find("secrets.json is not there"), std::string::npos);
  std::filesystem::create_directory(directory_.path("secrets.json"));
  const auto folder = load_config(directory_.path("agent.json"));
  ASSERT_FALSE(folder.ok());
  EXPECT_NE(folder.error().message.find("no regular file"), std::string::npos) << folder.error().message;
}

}  // namespace
}  // namespace imrs

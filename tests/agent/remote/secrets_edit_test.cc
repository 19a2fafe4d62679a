// New secrets in the secrets' file: what goes in, what is refused, and that no error tells one.
#include "agent/remote/secrets_edit.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "example_config.h"

namespace imrs::remote {
namespace {

using testing::HasSubstr;
using testing::Not;
using Json = nlohmann::json;

constexpr const char* kNewSecret = "YW5vdGhlci1zZWNyZXQtb2YtbWluZSEhIQ==";

TEST(SecretsEdit, StandardInputIsOneLine) {
  EXPECT_EQ(*secret_of("hunter2"), "hunter2");
  EXPECT_EQ(*secret_of("  hunter2 \r\n\n"), "hunter2");
  EXPECT_EQ(*secret_of("two words\n"), "two words");
  for (const char* bad : {"", "\n", " \t\r\n", "a\nb"}) EXPECT_FALSE(secret_of(bad)) << bad;
}

TEST(SecretsEdit, OnlyTheOneIsChanged) {
  const std::string agent = example_agent_json("/etc/imrs");
  const Json before = Json::parse(example_secrets());
  const auto password = with_bgp_password(agent, example_secrets(), "host4", "hunter2");
  ASSERT_TRUE(password) << password.error().message;
  Json want = before;
  want["bgp_passwords"]["host4"] = "hunter2";
  EXPECT_EQ(Json::parse(*password), want);
  EXPECT_LT(password->find("source_key"), password->find("bgp_passwords"))
      << "the order of the members stays";
  const auto secret = with_tsig_secret(agent, example_secrets(), "imrs-lab.", kNewSecret);
  ASSERT_TRUE(secret) << secret.error().message;
  want = before;
  want["tsig_secrets"]["imrs-lab."] = kNewSecret;
  EXPECT_EQ(Json::parse(*secret), want);
}

TEST(SecretsEdit, AFileThatIsNotThereYetIsMade) {
  const auto secret = with_tsig_secret(example_agent_json("/etc/imrs"), "{}", "imrs-lab.", kNewSecret);
  ASSERT_TRUE(secret) << secret.error().message;
  EXPECT_EQ(Json::parse(*secret), (Json{{"tsig_secrets", {{"imrs-lab.", kNewSecret}}}}));
}

TEST(SecretsEdit, WhatTheAgentWouldRefuseIsRefused) {
  struct Case {
    const char* description;
    bool tsig;
    std::string name, secret;
    const char* want;
  };
  const std::string text = "hunter2-hunter2";
  const Case cases[] = {
      {"no such neighbour", false, "host9", text, "bgp_passwords.host9: is the password of no neighbour"},
      {"in agent.json too", false, "host6", text, "is in agent.json and in the secrets file"},
      {"a quote", false, "host4", text + "\"", "must be up to 80 printable characters"},
      {"a backslash", false, "host4", text + "\\", "must be up to 80 printable characters"},
      {"a space", false, "host4", text + " x", "must be up to 80 printable characters"},
      {"too long", false, "host4", std::string(81, 'h'), "must be up to 80 printable characters"},
      {"not ASCII", false, "host4", text + "\xc3\xa9", "must be up to 80 printable characters"},
      {"not UTF-8", false, "host4", text + "\xff", "must be up to 80 printable characters"},
      {"no such key", true, "other.", kNewSecret, "tsig_secrets.other.: is of no key"},
      {"not base64", true, "imrs-lab.", text + "!", "must be base64 of at least 16 octets"},
      {"too short", true, "imrs-lab.", "c2hvcnQ=", "must be base64 of at least 16 octets"},
  };
  for (const Case& one : cases) {
    const auto edit = one.tsig ? with_tsig_secret : with_bgp_password;
    const auto done = edit(example_agent_json("/etc/imrs"), example_secrets(), one.name, one.secret);
    ASSERT_FALSE(done) << one.description;
    EXPECT_THAT(done.error().message, HasSubstr(one.want)) << one.description;
    EXPECT_THAT(done.error().message, Not(HasSubstr(one.secret))) << one.description;
    EXPECT_THAT(done.error().message, Not(HasSubstr("hunter2"))) << one.description;
  }
}

TEST(SecretsEdit, FilesThatAreNotRightAreNamedWithoutTheirContents) {
  const std::string agent = example_agent_json("/etc/imrs");
  const auto broken = with_bgp_password(agent, R"({"bgp_passwords": {"host4": "agreed)", "host4", "x");
  ASSERT_FALSE(broken);
  EXPECT_THAT(broken.error().message, HasSubstr("/etc/imrs/secrets.json: not JSON"));
  EXPECT_THAT(broken.error().message, Not(HasSubstr("agreed")));
  Json without = Json::parse(agent);
  without.erase("secrets_file");
  EXPECT_THAT(secrets_file_of(without.dump()).error().message,
              HasSubstr("agent.json has no \"secrets_file\""));
  EXPECT_FALSE(secrets_file_of("{"));
  EXPECT_FALSE(secrets_file_of(R"({"secrets_file": 1})"));
  EXPECT_FALSE(secrets_file_of(R"({"secrets_file": "relative"})"));
  EXPECT_EQ(*secrets_file_of(agent), "/etc/imrs/secrets.json");
}

TEST(SecretsEdit, WhetherBirdIsConcerned) {
  EXPECT_FALSE(passwords_differ(example_secrets(), example_secrets()));
  EXPECT_FALSE(passwords_differ(R"({"source_key": "00112233445566778899aabbccddeeff"})", "{}"));
  EXPECT_TRUE(passwords_differ(example_secrets(), "{}"));
  EXPECT_TRUE(passwords_differ(example_secrets(), "broken"));
}

}  // namespace
}  // namespace imrs::remote

// What differs between two configurations, and what of it is shown.
#include "agent/ctl/config_diff.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

namespace imrs::ctl {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string diff(const char* before, const char* after) {
  const auto found = differences(before, after);
  return found ? differences_text(*found) : found.error().message;
}

TEST(ConfigDiff, GoesKeyByKey) {
  struct Case {
    const char *description, *before, *after, *want;
  };
  const Case cases[] = {
      {"the same", R"({"a": {"b": [1, 2]}})", R"({ "a":{"b":[1,2]} })", ""},
      {"another order of keys", R"({"a": 1, "b": 2})", R"({"b": 2, "a": 1})", ""},
      {"changed", R"({"a": {"b": 1}})", R"({"a": {"b": 2}})", "~ a.b: 1 -> 2\n"},
      {"added and removed", R"({"a": {"b": 1}})", R"({"a": {"c": "x"}})", "- a.b: 1\n+ a.c: \"x\"\n"},
      {"another type", R"({"a": {"b": 1}})", R"({"a": [1]})", "~ a: {\"b\":1} -> [1]\n"},
      {"a neighbour's value",
       R"({"bgp": {"neighbours": [{"name": "host4", "as": 1}, {"name": "host6", "as": 1}]}})",
       R"({"bgp": {"neighbours": [{"name": "host4", "as": 2}, {"name": "host6", "as": 1}]}})",
       "~ bgp.neighbours[host4].as: 1 -> 2\n"},
      {"a neighbour more", R"({"n": [{"name": "host4"}]})",
       R"({"n": [{"name": "host6"}, {"name": "host4"}]})", "+ n[host6]: {\"name\":\"host6\"}\n"},
      {"zones go by their origin", R"({"zones": [{"origin": ".", "file": "/a"}]})",
       R"({"zones": [{"origin": ".", "file": "/b"}]})", "~ zones[.].file: \"/a\" -> \"/b\"\n"},
      {"values of a list", R"({"icann": ["a", "b"]})", R"({"icann": ["b", "c"]})",
       "- icann: \"a\"\n+ icann: \"c\"\n"},
      {"another order", R"({"list": ["a", "b", "c"]})", R"({"list": ["c", "a"]})",
       "- list: \"b\"\n~ list: [\"\\\"a\\\"\",\"\\\"c\\\"\"] -> [\"\\\"c\\\"\",\"\\\"a\\\"\"]\n"},
      {"two of a name", R"({"n": [{"name": "x"}, {"name": "x"}]})", R"({"n": [{"name": "x"}]})",
       "~ n: [{\"name\":\"x\"},{\"name\":\"x\"}] -> [{\"name\":\"x\"}]\n"},
      {"escapes for the terminal", R"({"a": "x"})", R"({"a": "\u001b[2J"})",
       "~ a: \"x\" -> \"\\u001b[2J\"\n"},
  };
  for (const Case& one : cases) EXPECT_EQ(diff(one.before, one.after), one.want) << one.description;
  EXPECT_THAT(diff("{", "{}"), HasSubstr("not JSON"));
  EXPECT_THAT(diff("{}", R"({"a": 1, "a": 2})"), HasSubstr("twice"));
}

TEST(ConfigDiff, NeverShowsASecret) {
  const char* const pairs[][2] = {
      {R"({"bgp": {"neighbours": [{"name": "host4", "password": "hush1"}]}})",
       R"({"bgp": {"neighbours": [{"name": "host4", "password": "hush2"}]}})"},
      {R"({"bgp": {"neighbours": []}})",
       R"({"bgp": {"neighbours": [{"name": "host4", "password": "hush2"}]}})"},
      {R"({"tsig_keys": [{"name": "k.", "secret": "hush"}]})", R"({})"},
      {R"({"instance": {"cluster": {"cookie_secrets": ["hush1"]}}})",
       R"({"instance": {"cluster": {"cookie_secrets": ["hush1", "hush2"]}}})"},
      {R"({"rssac002": {"source_key": "hush1"}})", R"({"rssac002": {"source_key": "hush2"}})"},
      {R"({"rssac002": {"source_key": "hush1"}})", R"({"rssac002": 5})"},
      {R"({})", R"({"x": [[{"password": ["hush"]}]]})"},
  };
  for (const auto& [before, after] : pairs) {
    const auto found = differences(before, after);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->size(), 1U) << before;
    for (const std::string& text : {differences_text(*found), differences_json(*found)}) {
      EXPECT_THAT(text, Not(HasSubstr("hush"))) << before;
      EXPECT_THAT(text, HasSubstr(kMasked)) << before;
    }
  }
}

TEST(ConfigDiff, OfSecretsOnlyThatTheyDiffer) {
  const auto found = secret_differences(
      R"({"bgp_passwords": {"host4": "hush1", "host6": "hush2"}, "cookie_secrets": ["hush3"]})",
      R"({"bgp_passwords": {"host4": "hush4"}, "tsig_secrets": {"k.": "hush5"},
          "cookie_secrets": ["hush6"]})");
  ASSERT_TRUE(found);
  EXPECT_EQ(differences_text(*found),
            "~ secrets.bgp_passwords.host4: (secret) -> (secret)\n"
            "- secrets.bgp_passwords.host6: (secret)\n"
            "~ secrets.cookie_secrets: (secret) -> (secret)\n"
            "+ secrets.tsig_secrets: (secret)\n");
  EXPECT_THAT(differences_json(*found), Not(HasSubstr("hush")));
}

TEST(ConfigDiff, AsJson) {
  const auto found = differences(R"({"a": 1, "b": 2})", R"({"b": 3, "c": 4})");
  ASSERT_TRUE(found);
  EXPECT_EQ(nlohmann::json::parse(differences_json(*found)), nlohmann::json::parse(R"([
      {"path": "a", "kind": "removed", "before": "1"},
      {"path": "b", "kind": "changed", "before": "2", "after": "3"},
      {"path": "c", "kind": "added", "after": "4"}])"));
}

}  // namespace
}  // namespace imrs::ctl

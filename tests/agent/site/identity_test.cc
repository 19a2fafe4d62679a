// Names of instances: derived, and checked.
#include "agent/site/identity.h"

#include <gmock/gmock.h>

#include <vector>

namespace imrs::site {
namespace {

using testing::HasSubstr;
using testing::StartsWith;
using Form = IdentityParts::Form;

TEST(Identity, IsMadeOfItsParts) {
  struct Case {
    const char* description;
    IdentityParts parts;
    const char* want;  // the name, or what the error begins with
  };
  const std::vector<Case> cases{
      {"the current form", {Form::Current, "aa", 1, "fr", "par", ""}, "aa01-fr-par.l.dns.icann.org"},
      {"upper case", {Form::Current, "AB", 12, "US", "LAX", ""}, "ab12-us-lax.l.dns.icann.org"},
      {"the earlier form", {Form::Earlier, "aa", 1, "", "lax", ""}, "lax01.l.root-servers.org"},
      {"a domain of its own", {Form::Current, "aa", 99, "ch", "gva", "l.Example"}, "aa99-ch-gva.l.example"},
      {"no number", {Form::Current, "aa", 0, "fr", "par", ""}, "number: must be 1 to 99"},
      {"too many", {Form::Current, "aa", 100, "fr", "par", ""}, "number: "},
      {"no country", {Form::Current, "aa", 1, "", "par", ""}, "country: must be two letters"},
      {"a country's long code", {Form::Current, "aa", 1, "fra", "par", ""}, "country: "},
      {"a digit in the country", {Form::Current, "aa", 1, "f1", "par", ""}, "country: "},
      {"a city's name", {Form::Current, "aa", 1, "fr", "paris", ""}, "city: must be three letters"},
      {"an accent", {Form::Current, "aa", 1, "fr", "p\xc3\xa9", ""}, "city: "},
      {"letters", {Form::Current, "a", 1, "fr", "par", ""}, "letters: must be two letters"},
      {"a country in the earlier form",
       {Form::Earlier, "aa", 1, "us", "lax", ""},
       "country: is not in a name"},
  };
  for (const Case& one : cases) {
    const auto made = make_identity(one.parts);
    EXPECT_THAT(made ? *made : made.error().message, StartsWith(one.want)) << one.description;
  }
}

TEST(Identity, WhatIsMadeMatchesTheDefaultPattern) {
  for (const Form form : {Form::Current, Form::Earlier}) {
    for (const std::uint32_t number : {1U, 9U, 10U, 99U}) {
      const auto made = make_identity({form, "zz", number, form == Form::Current ? "aq" : "", "mcm", ""});
      ASSERT_TRUE(made);
      EXPECT_TRUE(check_identity(*made, kIdentityPattern).ok()) << *made;
    }
  }
}

TEST(Identity, TheWholeNameHasToMatch) {
  struct Case {
    const char* identity;
    std::string_view pattern;
    const char* want;  // empty: good
  };
  const std::string long_pattern(201, 'a'), long_name(256, 'a');
  const std::vector<Case> cases{
      {"aa01-fr-par.l.dns.icann.org", kIdentityPattern, ""},
      {"lax01.l.root-servers.org", kIdentityPattern, ""},
      {"lax1.l.root-servers.org", kIdentityPattern, "identity: "},
      {"xlax01.l.root-servers.org", kIdentityPattern, "identity: "},
      {"aa01-fr-par.l.dns.icann.org.", kIdentityPattern, "identity: "},
      {"aa01-fr-parxlxdnsxicannxorg", kIdentityPattern, "identity: "},
      {"AA01-fr-par.l.dns.icann.org", kIdentityPattern, "identity: "},
      {"", kIdentityPattern, "identity: "},
      {"lab01", "lab[0-9]+", ""},
      {"lab01x", "lab[0-9]+", "identity: "},
      {"lab01", "lab[0-9", "identity_pattern: is no regular expression"},
      {"lab01", long_pattern, "identity_pattern: is no regular expression"},
      {long_name.c_str(), ".*", "identity: is too long"},
  };
  for (const Case& one : cases) {
    const auto good = check_identity(one.identity, one.pattern);
    const std::string said = good ? "" : good.error().message;
    EXPECT_THAT(said, StartsWith(one.want)) << one.identity;
    EXPECT_EQ(said.empty(), *one.want == '\0') << one.identity << ": " << said;
  }
  EXPECT_THAT(check_identity("x", kIdentityPattern).error().message,
              HasSubstr("give an \"identity_pattern\""));
}

}  // namespace
}  // namespace imrs::site

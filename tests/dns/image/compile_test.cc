// What the compiler refuses, and that it says the same thing twice.
#include "dns/image/compile.h"

#include <gmock/gmock.h>

#include "tests/support/test_zones.h"

namespace imrs::image {
namespace {

std::vector<test::ZoneText> root_with(const std::string& record) {
  auto zones = test::three_zones();
  zones.resize(1);
  zones[0].text += record + "\n";
  return zones;
}

TEST(Compile, RefusesWhatItCannotAnswerNamingTheRecord) {
  const struct {
    const char* description;
    const char* record;
    const char* want;
  } cases[] = {
      {"CNAME", "alias. 3600 IN CNAME alpha.", "alias. CNAME"},
      {"DNAME", "tree. 3600 IN DNAME alpha.", "tree. DNAME"},
      {"wildcard", "*. 3600 IN TXT \"x\"", "*. has a \"*\" label"},
      {"wildcard deeper", "*.here. 3600 IN A 192.0.2.1", "*.here. has a \"*\" label"},
      {"wildcard delegation", "*.there. 3600 IN NS ns1.alpha.", "*.there. is a wildcard"},
      {"below a wildcard", "a.*. 3600 IN A 192.0.2.1", "a.*. has a \"*\" label, so *. is a wildcard"},
      {"delegation far below one", "a.b.*.here. 3600 IN NS ns1.alpha.", "so *.here. is a wildcard"},
      {"NSEC3",
       "b4um86eghhds6nea196smvmlo4ors995. 3600 IN NSEC3 1 0 0 - "
       "2t7b4g4vsa5smi47k61mv5bv1a22bojr NS",
       "NSEC3"},
      {"NSEC3PARAM", ". 3600 IN NSEC3PARAM 1 0 0 -", ". NSEC3PARAM"},
  };
  for (const auto& c : cases) {
    const auto image = test::compile_text(root_with(c.record));
    ASSERT_FALSE(image.ok()) << c.description;
    EXPECT_EQ(image.error().code, Errc::Refused) << c.description;
    EXPECT_THAT(image.error().message, testing::HasSubstr(c.want)) << c.description;
  }
}

TEST(Compile, WhatLiesBelowADelegationIsNotServedAndNotRefused) {
  EXPECT_TRUE(test::compile_text(root_with("*.alpha. 3600 IN A 192.0.2.1")).ok());
}

TEST(Compile, SameZonesSameOctetsInWhateverOrder) {
  auto zones = test::three_zones();
  const auto first = test::image_octets(zones);
  EXPECT_EQ(test::image_octets(zones), first);
  std::swap(zones[1], zones[2]);
  EXPECT_EQ(test::image_of(zones)->zones().size(), 3U);
  EXPECT_NE(test::image_octets(test::three_zones(7)), first);
}

TEST(Compile, RefusesNoZoneTwoOfOneNameAndTooMany) {
  EXPECT_FALSE(test::compile_text({}).ok());
  auto zones = test::three_zones();
  zones.push_back(zones[0]);
  const auto twice = test::compile_text(zones);
  ASSERT_FALSE(twice.ok());
  EXPECT_THAT(twice.error().message, testing::HasSubstr("zone . is given twice"));
  std::vector<test::ZoneText> many;
  for (int i = 0; i < 17; ++i) {
    const std::string origin = "z" + std::to_string(i) + ".";
    many.push_back({origin, origin + " 3600 IN SOA a. b. 1 2 3 4 5\n" + origin + " 3600 IN NS a.\n"});
  }
  EXPECT_FALSE(test::compile_text(many).ok());
  many.pop_back();
  EXPECT_TRUE(test::compile_text(many).ok());
}

TEST(Compile, RefusesAnAnswerThatNoMessageHolds) {
  std::string records;
  for (int i = 0; i < 300; ++i) {
    records += "big. 3600 IN TXT \"" + std::to_string(i) + std::string(240, 'x') + "\"\n";
  }
  const auto image = test::compile_text(root_with(records));
  ASSERT_FALSE(image.ok());
  EXPECT_THAT(image.error().message, testing::HasSubstr("does not fit one DNS message"));
}

TEST(Compile, SummaryOfTheZones) {
  const auto zones = test::image_of(test::three_zones(42))->zones();
  ASSERT_EQ(zones.size(), 3U);
  for (const ZoneSummary& zone : zones) {
    EXPECT_EQ(zone.serial, 42U);
    EXPECT_EQ(zone.expire, 604800U);
    EXPECT_FALSE(zone.dnssec_verified);
  }
  EXPECT_EQ(zones.back().origin, ".");
  EXPECT_EQ(zones.back().delegations, 5U);
}

}  // namespace
}  // namespace imrs::image

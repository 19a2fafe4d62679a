// The zone that an instance makes of itself: its records, and what is refused.
#include "dns/pipeline/identity_zone.h"

#include <gmock/gmock.h>

#include "dns/pipeline/zone_source.h"
#include "dns/wire/protocol.h"
#include "tests/dns/transfer/messages.h"

namespace imrs::pipeline {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const wire::Name kOrigin = test::name("identity.l.root-servers.org.");

IdentityZoneConfig example() {
  return {.node = "aa01-fr-par.l.dns.icann.org",
          .name_server = "beacon.l.root-servers.org.",
          .address = {Family::V4, "198.51.100.2"},
          .place = {"Paris", "France"}};
}

std::string text_of(const zone::Rdata& rdata) { return {rdata.begin(), rdata.end()}; }

TEST(IdentityZone, SaysNameAddressAndPlaceAndIsKeptByNobody) {
  const auto zone = identity_zone(kOrigin, example());
  ASSERT_TRUE(zone.ok()) << zone.error().message;
  ASSERT_EQ(zone->nodes.size(), 1U);
  const zone::Node& apex = zone->nodes.at(kOrigin);
  EXPECT_EQ(apex.size(), 4U);
  for (const auto& [type, set] : apex) EXPECT_EQ(set.ttl, 0U) << type;
  EXPECT_EQ(text_of(apex.at(wire::rrtype::TXT).rdata.at(0)),
            "\x1b"
            "aa01-fr-par.l.dns.icann.org"
            "\x05"
            "Paris"
            "\x06"
            "France");
  EXPECT_THAT(apex.at(wire::rrtype::A).rdata.at(0), ElementsAre(198, 51, 100, 2));
  EXPECT_EQ(apex.at(wire::rrtype::NS).rdata.size(), 1U);
}

TEST(IdentityZone, WhatDoesNotFitIsRefusedByName) {
  struct Case {
    const char* description;
    IdentityZoneConfig config;
    const char* want;
  };
  IdentityZoneConfig long_text = example(), no_address = example(), no_name = example();
  long_text.place = {std::string(256, 'x')};
  no_address.address.text = "2001:db8::1";
  no_name.name_server = std::string(64, 'x') + ".";
  const Case cases[] = {{"a text too long", long_text, "more than 255 octets"},
                        {"no IPv4 address", no_address, "identity_zone.address"},
                        {"a label too long", no_name, "identity_zone.name_server"}};
  for (const Case& c : cases) {
    const auto zone = identity_zone(kOrigin, c.config);
    ASSERT_FALSE(zone.ok()) << c.description;
    EXPECT_THAT(zone.error().message, HasSubstr(c.want)) << c.description;
  }
}

TEST(IdentityZone, ASourceTakesItOnceAndThenConfirmsIt) {
  ZoneConfig config;
  config.origin = kOrigin.text();
  config.dnssec = ZoneConfig::Dnssec::None;
  config.zonemd = ZoneConfig::Zonemd::None;
  config.identity = example();
  config.served_serial = 7;  // of another one's: its serial is no reason to refuse this one
  ZoneSource source(config, kOrigin, "", [] { return std::int64_t{0}; });
  EXPECT_TRUE(source.is_local());
  std::optional<zone::VerifiedZone> good;
  const auto take = [&](zone::VerifiedZone zone, const Phases&) {
    good = std::move(zone);
    return Result<void>();
  };
  const auto first = source.attempt(nullptr, take);
  ASSERT_TRUE(first && good);
  EXPECT_EQ(first->state, ZoneReport::State::Loaded) << first->reason;
  EXPECT_EQ(good->serial(), 1U);
  const auto second = source.attempt(&*good, take);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->state, ZoneReport::State::Unchanged);
  EXPECT_EQ(second->confirmed, 1U);
}

}  // namespace
}  // namespace imrs::pipeline

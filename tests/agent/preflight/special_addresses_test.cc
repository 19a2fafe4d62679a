// Both ends of every block of the registries, and what lies right outside.
#include "agent/preflight/special_addresses.h"

#include <gtest/gtest.h>

#include "agent/config/address.h"

namespace imrs::preflight {
namespace {

using enum AddressUse;

TEST(SpecialAddresses, AreThoseOfTheRegistries) {
  const struct {
    const char* address;
    AddressUse want;
  } cases[] = {
      {"0.0.0.0", Other},
      {"0.255.255.255", Other},
      {"1.0.0.0", Global},
      {"9.255.255.255", Global},
      {"10.0.0.0", Private},
      {"10.255.255.255", Private},
      {"11.0.0.0", Global},
      {"100.63.255.255", Global},
      {"100.64.0.0", Shared},
      {"100.127.255.255", Shared},
      {"100.128.0.0", Global},
      {"127.0.0.1", Other},
      {"169.254.1.1", LinkLocal},
      {"172.15.255.255", Global},
      {"172.16.0.0", Private},
      {"172.31.255.255", Private},
      {"172.32.0.0", Global},
      {"192.0.0.9", Other},
      {"192.0.1.0", Global},
      {"192.0.2.1", Documentation},
      {"192.0.3.0", Global},
      {"192.31.196.1", Other},
      {"192.52.193.1", Other},
      {"192.88.99.1", Other},
      {"192.167.255.255", Global},
      {"192.168.0.0", Private},
      {"192.169.0.0", Global},
      {"192.175.48.1", Other},
      {"198.17.255.255", Global},
      {"198.18.0.0", Other},
      {"198.19.255.255", Other},
      {"198.20.0.0", Global},
      {"198.51.100.1", Documentation},
      {"198.51.101.0", Global},
      {"203.0.113.255", Documentation},
      {"203.0.114.0", Global},
      {"223.255.255.255", Global},
      {"224.0.0.1", Other},
      {"239.255.255.255", Other},
      {"240.0.0.1", Other},
      {"255.255.255.255", Other},
      {"199.7.83.42", Global},
      {"::", Other},
      {"::1", Other},
      {"::ffff:192.0.2.1", Other},
      {"64:ff9b::1", Other},
      {"64:ff9b:1::1", Other},
      {"100::1", Other},
      {"100:0:0:1::1", Other},
      {"1fff:ffff::1", Other},
      {"2000::1", Global},
      {"2001::1", Other},
      {"2001:2::1", Other},
      {"2001:1ff:ffff::", Other},
      {"2001:200::1", Global},
      {"2001:500:9f::42", Global},
      {"2001:db7:ffff::1", Global},
      {"2001:db8::1", Documentation},
      {"2001:db8:ffff::1", Documentation},
      {"2001:db9::1", Global},
      {"2002:c000:201::1", Other},
      {"2620:4f:8000::1", Other},
      {"3ffe::1", Global},
      {"3fff::1", Documentation},
      {"3fff:fff::1", Documentation},
      {"3fff:1000::1", Global},
      {"4000::1", Other},
      {"5f00::1", Other},
      {"fbff::1", Other},
      {"fc00::1", Private},
      {"fdff::1", Private},
      {"fe80::1", LinkLocal},
      {"febf::1", LinkLocal},
      {"fec0::1", Other},
      {"ff02::1", Other},
  };
  for (const auto& c : cases) {
    const auto address = parse_address(c.address);
    ASSERT_TRUE(address) << c.address;
    EXPECT_EQ(classify(*address).use, c.want) << c.address << ": " << class_text(*address);
  }
}

TEST(SpecialAddresses, AreNamedWithTheirBlockAndRfc) {
  EXPECT_EQ(class_text({Family::V4, "10.1.2.3"}), "10.1.2.3 is of 10.0.0.0/8 (private use, RFC 1918)");
  EXPECT_EQ(class_text({Family::V6, "2001:db8::1"}),
            "2001:db8::1 is of 2001:db8::/32 (documentation, RFC 3849)");
  EXPECT_EQ(class_text({Family::V4, "199.7.83.42"}), "199.7.83.42 is global");
}

}  // namespace
}  // namespace imrs::preflight

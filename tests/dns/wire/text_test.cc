// Protocol values in words.
#include "dns/wire/text.h"

#include <gtest/gtest.h>

#include "dns/wire/protocol.h"

namespace imrs::wire {
namespace {

TEST(Text, Types) {
  EXPECT_EQ(type_text(rrtype::ZONEMD), "ZONEMD");
  EXPECT_EQ(type_text(rrtype::DS), "DS");
  EXPECT_EQ(type_text(4711), "TYPE4711");
}

TEST(Text, Rcodes) {
  EXPECT_EQ(rcode_text(rcode::NoError), "NOERROR");
  EXPECT_EQ(rcode_text(rcode::NXDomain), "NXDOMAIN");
  EXPECT_EQ(rcode_text(rcode::NotAuth), "NOTAUTH");
  EXPECT_EQ(rcode_text(rcode::BadVers), "BADVERS");
  EXPECT_EQ(rcode_text(23), "RCODE23");
}

TEST(Text, TimesAreUtcAndSayIt) {
  EXPECT_EQ(utc_text(0), "1970-01-01T00:00:00Z");
  EXPECT_EQ(utc_text(1603108800), "2020-10-19T12:00:00Z");
  EXPECT_EQ(utc_text(4102444800), "2100-01-01T00:00:00Z");  // past 2038
}

}  // namespace
}  // namespace imrs::wire

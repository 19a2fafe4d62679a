// RFC 8976 appendix A, the zones with SIMPLE digests. A.2's out-of-zone record is left out: this parser
// refuses it, where the RFC has it excluded.
#include "dns/zone/zonemd.h"

#include <gmock/gmock.h>

#include "dns/zone/parse.h"
#include "dns/zone/verify.h"
#include "tests/dns/zone/zone_files.h"

namespace imrs::zone {
namespace {

using test::TempDir;
using testing::HasSubstr;

constexpr std::uint32_t kExampleSerial = 2018031900;

const std::string kSimple = R"($ORIGIN example.
example.      86400  IN  SOA     ns1 admin 2018031900 1800 900 604800 86400
              86400  IN  NS      ns1
              86400  IN  NS      ns2
              86400  IN  ZONEMD  2018031900 1 1 (
                                 c68090d90a7aed71 6bc459f9340e3d7c 1370d4d24b7e2fc3
                                 a1ddc0b9a87153b9 a9713b3c9ae5cc27 777f98b8e730044c )
ns1           3600   IN  A       203.0.113.63
ns2           3600   IN  AAAA    2001:db8::63
)";

const std::string kComplex = R"($ORIGIN example.
example.      86400  IN  SOA     ns1 admin 2018031900 1800 900 604800 86400
              86400  IN  NS      ns1
              86400  IN  NS      ns2
              86400  IN  ZONEMD  2018031900 1 1 (
                                 a3b69bad980a3504 e1cffcb0fd6397f9 3848071c93151f55
                                 2ae2f6b1711d4bd2 d8b39808226d7b9d b71e34b72077f8fe )
ns1           3600   IN  A       203.0.113.63
NS2           3600   IN  AAAA    2001:db8::63
occluded.sub  7200   IN  TXT     "I'm occluded but must be digested"
sub           7200   IN  NS      ns1
duplicate     300    IN  TXT     "I must be digested just once"
duplicate     300    IN  TXT     "I must be digested just once"
UPPERCASE     3600   IN  TXT     "canonicalize uppercase owner names"
*             777    IN  PTR     dont-forget-about-wildcards
mail          3600   IN  MX      20 MAIL1
mail          3600   IN  MX      10 Mail2.Example.
sortme        3600   IN  AAAA    2001:db8::5:61
sortme        3600   IN  AAAA    2001:db8::3:62
sortme        3600   IN  AAAA    2001:db8::4:63
sortme        3600   IN  AAAA    2001:db8::1:65
sortme        3600   IN  AAAA    2001:db8::2:64
non-apex      900    IN  ZONEMD  2018031900 1 1 (
                                 616c6c6f77656420 6275742069676e6f 7265642e20616c6c
                                 6f77656420627574 2069676e6f726564 2e20616c6c6f7765 )
)";

const std::string kMultiple = R"($ORIGIN example.
example.      86400  IN  SOA     ns1 admin 2018031900 1800 900 604800 86400
example.      86400  IN  NS      ns1.example.
example.      86400  IN  NS      ns2.example.
example.      86400  IN  ZONEMD  2018031900 1 1 (
                                 62e6cf51b02e54b9 b5f967d547ce4313 6792901f9f88e637
                                 493daaf401c92c27 9dd10f0edb1c56f8 080211f8480ee306 )
example.      86400  IN  ZONEMD  2018031900 1 2 (
                                 08cfa1115c7b948c 4163a901270395ea 226a930cd2cbcf2f
                                 a9a5e6eb85f37c8a 4e114d884e66f176 eab121cb02db7d65
                                 2e0cc4827e7a3204 f166b47e5613fd27 )
example.      86400  IN  ZONEMD  2018031900 1 240 ( e2d523f654b9422a 96c5a8f44607bbee )
example.      86400  IN  ZONEMD  2018031900 241 1 (
                                 e1846540e33a9e41 89792d18d5d131f6 05fc283e )
ns1.example.  3600   IN  A       203.0.113.63
ns2.example.  86400  IN  TXT     "This example has multiple digests"
NS2.EXAMPLE.  3600   IN  AAAA    2001:db8::63
)";

Zone parse_text(const std::string& text, const char* origin) {
  const TempDir dir;
  auto zone = parse_file(dir.write("zone", text), wire::Name::parse(origin).value());
  if (!zone) ADD_FAILURE() << zone.error().message;
  return zone ? std::move(*zone) : Zone{};
}

struct Vector {
  const char* description;
  std::string text;
  const char* origin;
  std::uint32_t serial;
};

TEST(Zonemd, AppendixA) {
  const Vector vectors[] = {
      {"A.1 simple", kSimple, "example", kExampleSerial},
      {"A.2 complex", kComplex, "example", kExampleSerial},
      {"A.3 multiple digests", kMultiple, "example", kExampleSerial},
      {"A.4 uri.arpa", test::golden("rfc8976-a4-uri.arpa.zone"), "uri.arpa", 2018100702},
      {"A.5 root-servers.net", test::golden("rfc8976-a5-root-servers.net.zone"), "root-servers.net",
       2018091100},
  };
  for (const Vector& vector : vectors) {
    SCOPED_TRACE(vector.description);
    auto matched = check_zonemd(parse_text(vector.text, vector.origin), vector.serial);
    ASSERT_TRUE(matched.ok()) << matched.error().message;
    EXPECT_TRUE(*matched);
  }
}

TEST(Zonemd, A4IsSignedTooByAnotherHand) {
  const Zone zone = parse_text(test::golden("rfc8976-a4-uri.arpa.zone"), "uri.arpa");
  std::vector<TrustAnchor> anchors;
  for (const Rdata& key : zone.nodes.at(zone.origin).at(48).rdata) {
    anchors.push_back({zone.origin, 48, key});
  }
  constexpr std::int64_t kItsDate = 1612137600;  // 2021-02-01T00:00:00Z
  auto verified = verify(zone, anchors, {}, kItsDate);
  ASSERT_TRUE(verified.ok()) << verified.error().message;
  EXPECT_TRUE(verified->zonemd_verified());
}

TEST(Zonemd, BothHashesOfA3AreRight) {
  const Zone zone = parse_text(kMultiple, "example");
  const auto& records = zone.nodes.at(zone.origin).at(63).rdata;
  for (const std::uint8_t hash : {std::uint8_t{1}, std::uint8_t{2}}) {
    const auto record = std::ranges::find_if(
        records, [&](const Rdata& rdata) { return rdata[4] == 1 && rdata[5] == hash; });
    ASSERT_NE(record, records.end());
    EXPECT_EQ(zonemd_digest(zone, hash), Rdata(record->begin() + 6, record->end()));
  }
}

TEST(Zonemd, OneRightDigestIsEnough) {
  const std::string text = test::replaced(kMultiple, "62e6cf51b02e54b9", "62e6cf51b02e54b8");
  auto matched = check_zonemd(parse_text(text, "example"), kExampleSerial);
  ASSERT_TRUE(matched.ok()) << matched.error().message;
  EXPECT_TRUE(*matched);
}

TEST(Zonemd, WithoutARecordThereIsNothingToMatch) {
  auto matched = check_zonemd(
      parse_text("example. 60 IN SOA . . 1 2 3 4 5\nexample. 60 IN NS .\n", "example"), 1);
  ASSERT_TRUE(matched.ok());
  EXPECT_FALSE(*matched);
}

TEST(Zonemd, OfAnUnknownSchemeOrHashAloneThereIsNothingToMatch) {
  for (const char* kind : {"2 1 (", "1 3 (", "240 241 ("}) {
    SCOPED_TRACE(kind);
    auto matched = check_zonemd(parse_text(test::replaced(kSimple, "1 1 (", kind), "example"),
                                kExampleSerial);
    ASSERT_TRUE(matched.ok()) << matched.error().message;
    EXPECT_FALSE(*matched);
  }
}

struct Wrong {
  const char* description;
  std::string text;
  std::uint32_t serial;
  const char* want;
};

TEST(Zonemd, RefusesAndSaysWhy) {
  const std::string twice = test::replaced(kSimple, "ns1           3600",
                                           "example. 86400 IN ZONEMD 2018031900 1 1 " + std::string(96, 'a') +
                                               "\nns1 3600");
  const Wrong cases[] = {
      {"altered record", test::replaced(kSimple, "203.0.113.63", "203.0.113.64"), kExampleSerial,
       "altered, added or removed"},
      {"TTL altered", test::replaced(kSimple, "3600   IN  A", "3601   IN  A"), kExampleSerial,
       "altered, added or removed"},
      {"another serial", kSimple, 2018031901, "is for serial 2018031900, the SOA has 2018031901"},
      {"two of one kind, though one is right", twice, kExampleSerial,
       "two records of the same scheme and hash"},
      {"digest too short to count",
       test::replaced(kSimple, R"((
                                 c68090d90a7aed71 6bc459f9340e3d7c 1370d4d24b7e2fc3
                                 a1ddc0b9a87153b9 a9713b3c9ae5cc27 777f98b8e730044c ))",
                      "c680"),
       kExampleSerial, "altered, added or removed"},
  };
  for (const Wrong& wrong : cases) {
    SCOPED_TRACE(wrong.description);
    auto matched = check_zonemd(parse_text(wrong.text, "example"), wrong.serial);
    ASSERT_FALSE(matched.ok());
    EXPECT_THAT(matched.error().message, HasSubstr(wrong.want));
  }
}

}  // namespace
}  // namespace imrs::zone

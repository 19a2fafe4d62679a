// Zone files and single records: what is read, and what is refused with which line.
#include "dns/zone/parse.h"

#include <gmock/gmock.h>

#include "dns/wire/protocol.h"
#include "tests/dns/zone/zone_files.h"
#include "dns/zone/verify.h"

namespace imrs::zone {
namespace {

using test::TempDir;
using testing::HasSubstr;
using namespace wire::rrtype;

const std::string kApex =
    "example. 3600 IN SOA ns.example. admin.example. 1 2 3 4 5\n"
    "example. 3600 IN NS ns.example.\n";

Result<Zone> parse_text(const std::string& text, const char* origin = "example") {
  const TempDir dir;
  return parse_file(dir.write("zone", text), wire::Name::parse(origin).value());
}

TEST(Parse, KeepsRdataInCanonicalOrderWithoutDuplicates) {
  auto zone = parse_text(kApex +
                         "b.example. 60 IN A 192.0.2.9\n"
                         "b.example. 60 IN A 192.0.2.10\n"
                         "B.Example. 60 IN A 192.0.2.9\n"
                         "m.example. 60 IN MX 10 MAIL.example.\n"
                         "m.example. 60 IN MX 10 mail.EXAMPLE.\n");
  ASSERT_TRUE(zone.ok()) << zone.error().message;
  const auto& a = zone->nodes.at(wire::Name::parse("b.example").value()).at(A);
  EXPECT_EQ(a.rdata, (std::vector<Rdata>{{192, 0, 2, 9}, {192, 0, 2, 10}}));
  const auto& mx = zone->nodes.at(wire::Name::parse("m.example").value()).at(MX);
  ASSERT_EQ(mx.rdata.size(), 1U) << "names that differ in case alone are one record";
  EXPECT_EQ(mx.rdata[0][3], 'M') << "letters are kept as in the source";
}

TEST(Parse, SignaturesStandWithWhatTheyCover) {
  auto zone = parse_file(test::golden_path("root.zone"), wire::Name());
  ASSERT_TRUE(zone.ok()) << zone.error().message;
  const Node& apex = zone->nodes.at(wire::Name());
  EXPECT_EQ(apex.at(NS).rdata.size(), 2U);
  EXPECT_EQ(apex.at(NS).signatures.size(), 1U);
  EXPECT_EQ(apex.at(NS).signature_ttl, 518400U);
  EXPECT_FALSE(apex.contains(RRSIG));
}

struct BadFile {
  const char* description;
  std::string text;
  std::vector<const char*> want;  // parts of the error
};

TEST(Parse, RefusesAndNamesTheLine) {
  const BadFile cases[] = {
      {"syntax error", kApex + "a.example. 60 IN A not-an-address\n", {"line 3"}},
      {"syntax error after a record over three lines",
       "example. 3600 IN SOA ns.example. admin.example. (\n 1 2 3\n 4 5 )\n"
       "example. 3600 IN NS ns.example.\n"
       "a.example. 60 IN AAAA 192.0.2.1\n",
       {"line 5"}},
      {"another class", kApex + "a.example. 60 CH TXT \"x\"\n", {"line 3", "class"}},
      {"outside",
       kApex + "a.test. 60 IN A 192.0.2.1\n",
       {"line 3", "a.test. A", "outside the zone example."}},
      {"a name that only ends alike", kApex + "notexample. 60 IN A 192.0.2.1\n", {"line 3", "outside"}},
      {"SOA below the apex", kApex + "a.example. 60 IN SOA . . 1 2 3 4 5\n", {"line 3", "a.example. SOA"}},
      {"TTLs differ",
       kApex + "a.example. 60 IN A 192.0.2.1\na.example. 61 IN A 192.0.2.2\n",
       {"line 4", "a.example. A", "TTLs in one RRset: 60 and 61"}},
      {"no SOA", "example. 3600 IN NS ns.example.\n", {"SOA"}},
      {"two SOAs", kApex + "example. 3600 IN SOA ns.example. admin.example. 2 2 3 4 5\n", {"SOA"}},
      {"empty", "", {"SOA"}},
      {"include", kApex + "$INCLUDE /etc/passwd\n", {"line 3"}},
  };
  for (const BadFile& bad : cases) {
    SCOPED_TRACE(bad.description);
    auto zone = parse_text(bad.text);
    ASSERT_FALSE(zone.ok());
    for (const char* part : bad.want) EXPECT_THAT(zone.error().message, HasSubstr(part));
  }
}

TEST(Parse, NamesTheFileThatIsNotThere) {
  auto zone = parse_file("/nonexistent/root.zone", wire::Name());
  ASSERT_FALSE(zone.ok());
  EXPECT_EQ(zone.error().code, Errc::System);
  EXPECT_THAT(zone.error().message, HasSubstr("/nonexistent/root.zone: No such file"));
}

struct BadRecord {
  const char* description;
  std::uint16_t type;
  Rdata rdata;
};

TEST(ZoneBuilder, RefusesWhatCannotBeARecord) {
  const BadRecord cases[] = {
      {"A of three octets", A, {192, 0, 2}},
      {"AAAA of four octets", AAAA, {192, 0, 2, 1}},
      {"NS with octets after the name", NS, {1, 'a', 0, 0}},
      {"NS that is a pointer", NS, {0xc0, 0x0c}},
      {"MX without a name", MX, {0, 10}},
      {"SOA without its numbers", SOA, {0, 0, 0, 0, 0, 1}},
      {"RRSIG without a signer", RRSIG, Rdata(18, 0)},
      {"OPT", OPT, {}},
      {"AXFR", AXFR, {}},
      {"type 0", 0, {}},
  };
  for (const BadRecord& bad : cases) {
    SCOPED_TRACE(bad.description);
    ZoneBuilder builder{wire::Name()};
    EXPECT_FALSE(builder.add(wire::Name(), bad.type, 60, bad.rdata).ok());
  }
}

TEST(ZoneBuilder, RefusesMoreRecordsThanAMessageHolds) {
  ZoneBuilder builder{wire::Name()};
  int taken = 0;
  for (; taken < 70000; ++taken) {
    const Rdata rdata{10, 0, static_cast<std::uint8_t>(taken >> 8), static_cast<std::uint8_t>(taken)};
    if (!builder.add(wire::Name(), A, 60, rdata)) break;
  }
  EXPECT_EQ(taken, 65535 / 12);
}

TEST(TrustAnchors, ReadsDebiansAndRefusesOthers) {
  auto anchors = load_trust_anchors(test::golden_path("root.ds"));
  ASSERT_TRUE(anchors.ok()) << anchors.error().message;
  ASSERT_EQ(anchors->size(), 1U);
  EXPECT_EQ(anchors->front().type, DS);
  EXPECT_TRUE(anchors->front().owner.is_root());
  const TempDir dir;
  const BadFile cases[] = {
      {"nothing in it", "; empty\n", {"anchor: holds no DS or DNSKEY", "dns-root-data"}},
      {"another type", ". IN A 192.0.2.1\n", {"anchor line 1", "DS or DNSKEY"}},
      {"not a record", ". IN DS what\n", {"anchor line 1"}},
  };
  for (const BadFile& bad : cases) {
    SCOPED_TRACE(bad.description);
    auto refused = load_trust_anchors(dir.write("anchor", bad.text));
    ASSERT_FALSE(refused.ok());
    for (const char* part : bad.want) EXPECT_THAT(refused.error().message, HasSubstr(part));
  }
}

}  // namespace
}  // namespace imrs::zone

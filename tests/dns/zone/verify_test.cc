// The gate: what a signed zone must be, and what each way of breaking it is called.
#include "dns/zone/verify.h"

#include <gmock/gmock.h>

#include "dns/zone/parse.h"
#include "tests/dns/zone/zone_files.h"

namespace imrs::zone {
namespace {

using test::golden;
using test::golden_path;
using test::replaced;
using test::TempDir;
using test::without;
using testing::HasSubstr;

constexpr std::int64_t kNow = 1764072000;                       // 2025-11-25T12:00:00Z
constexpr std::int64_t kBegin = 1577836800, kEnd = 3660681600;  // of all the goldens' signatures

struct Setting {
  std::string anchor = "root.ds";
  VerifyPolicy policy = {};
  std::int64_t now = kNow;
};

Result<VerifiedZone> verify_text(const std::string& text, const Setting& setting = {}) {
  const TempDir dir;
  auto zone = parse_file(dir.write("zone", text), wire::Name());
  if (!zone) return zone.error().within("parse");
  auto anchors = load_trust_anchors(golden_path(setting.anchor));
  if (!anchors) return anchors.error().within("anchors");
  return verify(std::move(*zone), *anchors, setting.policy, setting.now);
}

TEST(Verify, TakesEveryAlgorithm) {
  for (const std::string algorithm : {"8", "13", "14", "15"}) {
    SCOPED_TRACE("algorithm " + algorithm);
    const std::string name = "root-alg" + algorithm;
    auto zone = verify_text(golden(name + ".zone"), {.anchor = name + ".ds"});
    ASSERT_TRUE(zone.ok()) << zone.error().message;
    EXPECT_EQ(zone->assurance(), Assurance::Dnssec);
    EXPECT_TRUE(zone->zonemd_verified());
    EXPECT_EQ(zone->signatures_verified(), 10U);
  }
}

TEST(Verify, SaysWhatItFound) {
  auto zone = verify_text(golden("root.zone"));
  ASSERT_TRUE(zone.ok()) << zone.error().message;
  EXPECT_EQ(zone->serial(), 2026010100U);
  EXPECT_EQ(zone->refresh(), 1800U);
  EXPECT_EQ(zone->retry(), 900U);
  EXPECT_EQ(zone->expire(), 604800U);
  EXPECT_EQ(zone->first_signature_end(), kEnd);
}

TEST(Verify, DatesIncludeTheirEnds) {
  const std::string text = golden("root.zone");
  EXPECT_TRUE(verify_text(text, {.now = kBegin}).ok());
  EXPECT_TRUE(verify_text(text, {.now = kEnd}).ok());
  EXPECT_FALSE(verify_text(text, {.now = kBegin - 1}).ok());
  EXPECT_FALSE(verify_text(text, {.now = kEnd + 1}).ok());
}

// Some octet of the signature in the line that holds `part`, changed.
std::string with_broken_signature(const std::string& text, const std::string& part) {
  const std::size_t line = text.find(part);
  const std::size_t end = text.find('\n', line);
  std::string out = text;
  char& letter = out.at(end - 20);
  letter = letter == 'A' ? 'B' : 'A';
  return out;
}

struct Broken {
  const char* description;
  std::string text;
  std::vector<const char*> want;  // parts of the error
  Setting setting = {};
};

void expect_refused(const std::vector<Broken>& cases) {
  for (const Broken& broken : cases) {
    SCOPED_TRACE(broken.description);
    auto zone = verify_text(broken.text, broken.setting);
    ASSERT_FALSE(zone.ok());
    for (const char* part : broken.want) EXPECT_THAT(zone.error().message, HasSubstr(part));
  }
}

TEST(Verify, TheDnskeySetLastsAsLongAsTheTrustedKeysSignature) {
  constexpr std::int64_t kTrustedEnd = 2082758400;  // 2036-01-01; the other key's: kEnd
  const std::string text = golden("root-dnskey-ends.zone");
  const Setting setting{.anchor = "root-dnskey-ends.ds", .now = kTrustedEnd};
  auto zone = verify_text(text, setting);
  ASSERT_TRUE(zone.ok()) << zone.error().message;
  EXPECT_EQ(zone->first_signature_end(), kTrustedEnd);
  expect_refused({{"a second later",
                   text,
                   {"not signed by a trusted key", "ended 2036-01-01T00:00:00Z"},
                   {.anchor = setting.anchor, .now = kTrustedEnd + 1}}});
}

TEST(Verify, RefusesByDateAndAnchor) {
  const std::string good = golden("root.zone");
  expect_refused({
      {"expired",
       good,
       {"RRSIG(DNSKEY)", "ended 2086-01-01T00:00:00Z", "now is 2086-01-01T00:00:01Z"},
       {.now = kEnd + 1}},
      {"not yet valid", good, {"RRSIG(DNSKEY)", "begins 2020-01-01T00:00:00Z"}, {.now = kBegin - 1}},
      {"another zone's key", good, {"no DNSKEY matches a trust anchor", "key "}, {.anchor = "root-alg13.ds"}},
      {"an anchor for another name", good, {"none is configured for this zone"}, {.anchor = "arpa.ds"}},
      {"no DNSKEY", without(good, ".\t86400\tIN\tDNSKEY"), {"DNSKEY"}},
      {"no DNSKEY at all",
       without(without(good, ".\t86400\tIN\tDNSKEY"), ".", "RRSIG\tDNSKEY"),
       {"has no DNSKEY"}},
      {"DNSKEY set not signed",
       without(good, ".", "RRSIG\tDNSKEY"),
       {"DNSKEY set is not signed by a trusted key"}},
      {"a DNSKEY taken away", without(good, ".", "DNSKEY\t256"), {"DNSKEY", "does not verify"}},
  });
}

TEST(Verify, RefusesBySignature) {
  const std::string good = golden("root.zone");
  expect_refused({
      {"broken signature",
       with_broken_signature(good, "RRSIG\tDS"),
       {"com. RRSIG(DS) by key", "algorithm 13", "does not verify"}},
      {"altered DS", replaced(good, "e2d3c916", "e2d3c917"), {"com. RRSIG(DS)", "does not verify"}},
      {"altered TXT", replaced(good, "small", "smell"), {". RRSIG(TXT)", "does not verify"}},
      {"altered serial",
       replaced(good, "2026010100 1800", "2026010199 1800"),
       {". RRSIG(SOA)", "does not verify"}},
      {"one NS less", without(good, ".", "B.Root-Servers"), {". RRSIG(NS)", "does not verify"}},
      {"RRSIG missing", without(good, "com.", "RRSIG\tDS"), {"com. DS has no RRSIG"}},
      {"all RRSIGs missing", without(good, ".", "RRSIG\t"), {"DNSKEY"}},
      {"a name added", good + "new. 86400 IN TXT \"x\"\n", {"new. TXT has no RRSIG"}},
      {"lower TTL",
       replaced(good, "com.\t86400\tIN\tDS", "com.\t60\tIN\tDS"),
       {"com. RRSIG(DS)", "TTL of 86400, the record has 60"}},
      {"higher TTL", replaced(good, "com.\t86400\tIN\tDS", "com.\t86401\tIN\tDS"), {"com. RRSIG(DS)", "TTL"}},
      {"RRSIG with another TTL",
       replaced(good, "com.\t86400\tIN\tRRSIG\tDS", "com.\t60\tIN\tRRSIG\tDS"),
       {"com. RRSIG(DS)", "the RRSIG itself 60"}},
      {"RRSIG over nothing",
       without(good, "com.", "IN\tDS"),
       {"com. has an RRSIG(DS) over a set that is not there"}},
      {"wrong label count",
       replaced(good, "RRSIG\tDS 13 1", "RRSIG\tDS 13 0"),
       {"com. RRSIG(DS)", "label count"}},
      {"signed by a stranger only",
       replaced(good, "RRSIG\tDS 13 1", "RRSIG\tDS 8 1"),
       {"com. DS has no RRSIG by a key of the zone"}},
  });
}

TEST(Verify, RefusesSignaturesWhereThereMustBeNone) {
  const std::string good = golden("root.zone");
  const std::string rrsig = " 13 1 172800 20860101000000 20200101000000 12046 . AAAA\n";
  expect_refused({
      {"glue",
       good + "ns.example. 172800 IN RRSIG A" + rrsig,
       {"ns.example. A lies below a delegation and yet is signed"}},
      {"delegation NS",
       good + "example. 172800 IN RRSIG NS" + rrsig,
       {"example. NS at a delegation is signed"}},
      {"NSEC at glue",
       good + "ns.example. 86400 IN NSEC net. A RRSIG NSEC\n",
       {"ns.example. NSEC lies below a delegation"}},
  });
}

// No answer can hold them; they are told of, and are no reason to refuse the zone.
TEST(Verify, TellsOfOccludedRecordsAndOrphanGlue) {
  const std::string text = golden("root.zone");
  const Setting without_digest{.policy = {VerifyPolicy::Dnssec::Required, VerifyPolicy::Zonemd::None}};
  const struct {
    const char* description;
    std::string more;
    const char* want;
  } cases[] = {
      {"none", "", ""},
      {"occluded", "x.example. 60 IN TXT \"x\"\n",
       "1 names with occluded records and 0 with orphan glue (x.example. is one): they are served around"},
      {"orphan", "old.example. 60 IN A 192.0.2.7\n",
       "0 names with occluded records and 1 with orphan glue (old."},
      {"both", "old.example. 60 IN A 192.0.2.7\nx.old.example. 60 IN TXT \"x\"\n",
       "1 names with occluded records and 1 with orphan glue"},
  };
  for (const auto& test : cases) {
    SCOPED_TRACE(test.description);
    auto zone = verify_text(text + test.more, without_digest);
    ASSERT_TRUE(zone.ok()) << zone.error().message;
    EXPECT_THAT(zone->oddities(), HasSubstr(test.want));
    EXPECT_EQ(zone->oddities().empty(), std::string(test.want).empty());
  }
}

// By several threads, that stop at the first.
TEST(Verify, OfManyFailuresTheFirstInOrderIsNamed) {
  std::string text = golden("root.zone");
  for (int i = 9999; i >= 1000; --i) text += "zz" + std::to_string(i) + ". 60 IN TXT x\n";
  for (int round = 0; round < 5; ++round) {
    auto zone = verify_text(text);
    ASSERT_FALSE(zone.ok());
    EXPECT_THAT(zone.error().message, HasSubstr("zz1000. TXT has no RRSIG by a key of the zone"));
  }
}

TEST(Verify, ErrorsHaveATopic) {
  const std::string text = golden("root.zone");
  const auto topic = [](const std::string& of, const Setting& setting = {}) {
    auto zone = verify_text(of, setting);
    return zone ? "none" : std::string(zone.error().topic);
  };
  EXPECT_EQ(topic(text), "none");
  EXPECT_EQ(topic(with_broken_signature(text, "com.\t86400\tIN\tRRSIG\tDS")), "dnssec");
  EXPECT_EQ(topic(text, {.now = kEnd + 1}), "dnssec");
  EXPECT_EQ(topic(text + "old.example. 60 IN A 192.0.2.7\n"), "zonemd");
}

// What was verified before is not verified again, and nothing else is taken for it.
TEST(Verify, KnownSignaturesAreThoseOfTheLastGoodVersion) {
  const auto anchors = load_trust_anchors(golden_path("root.ds")).value();
  const auto verify_with = [&](const std::string& text, KnownSignatures& known) {
    const TempDir dir;
    return verify(parse_file(dir.write("zone", text), wire::Name()).value(), anchors, {}, kNow, &known);
  };
  const std::string first = golden("root.zone"), next = golden("root-next.zone");
  KnownSignatures known;
  ASSERT_TRUE(verify_with(first, known).ok());
  const std::size_t count = known.size();
  EXPECT_GT(count, 5U);
  for (int round = 0; round < 2; ++round) {
    auto again = verify_with(first, known);
    ASSERT_TRUE(again.ok());
    EXPECT_EQ(again->signatures_verified(), verify_text(first)->signatures_verified());
    EXPECT_EQ(known.size(), count);
  }
  auto broken = verify_with(with_broken_signature(first, "com.\t86400\tIN\tRRSIG\tDS"), known);
  ASSERT_FALSE(broken.ok());
  EXPECT_THAT(broken.error().message, HasSubstr("does not verify"));
  auto altered = verify_with(replaced(first, "30909 8 2 e2", "30909 8 2 e3"), known);
  EXPECT_FALSE(altered.ok()) << "other octets under a known signature";
  EXPECT_EQ(known.size(), count) << "a refused version leaves nothing behind";
  ASSERT_TRUE(verify_with(next, known).ok());
  EXPECT_FALSE(verify_text(first, {.now = kEnd + 1}).ok()) << "dates are looked at all the same";
}

TEST(Verify, RefusesAWrongNsecChain) {
  const std::string good = golden("root.zone");
  expect_refused({
      {"a delegation added",
       good + "dev. 172800 IN NS a.gtld-servers.net.\n",
       {"com. NSEC names example. as next, the zone has dev."}},
      {"a delegation added at the end",
       good + "org. 172800 IN NS a.gtld-servers.net.\n",
       {"net. NSEC names . as next, the zone has org."}},
      {"a delegation taken away with all its records",
       without(good, "com."),
       {". NSEC names com. as next, the zone has example."}},
      {"the last name taken away", without(good, "net."), {"A has no RRSIG"}},
      {"the last name taken away with its glue",
       without(without(without(good, "net."), "a."), "b.root"),
       {"example. NSEC names net. as next, the zone has ."}},
      {"a type taken away with its RRSIG",
       without(without(good, ".", "IN\tTXT"), ".", "RRSIG\tTXT"),
       {". NSEC lists", "TXT"}},
      {"NSEC taken away",
       without(without(good, "net.", "IN\tNSEC"), "net.", "RRSIG\tNSEC"),
       {"net. NSEC is missing"}},
      {"altered bitmap",
       replaced(good, "com. NS SOA TXT", "com. NS SOA"),
       {". RRSIG(NSEC)", "does not verify"}},
      {"NSEC3 instead", golden("root-nsec3.zone"), {"NSEC is missing"}},
  });
}

TEST(Verify, ZonemdGuardsWhatIsNotSigned) {
  const std::string good = golden("root.zone");
  expect_refused({
      {"altered glue",
       replaced(good, "192.0.2.1\n", "192.0.2.99\n"),
       {"ZONEMD", "a record was altered, added or removed"}},
      {"glue added", good + "x.example. 60 IN A 192.0.2.7\n", {"ZONEMD"}},
      {"delegation NS altered",
       replaced(good, "com.\t172800\tIN\tNS\ta.", "com.\t172800\tIN\tNS\tb."),
       {"ZONEMD"}},
      {"a digest of zeros", golden("root-zonemd-digest.zone"), {"ZONEMD", "digest is not the zone's"}},
      {"another serial",
       golden("root-zonemd-serial.zone"),
       {"ZONEMD", "is for serial 2026010099, the SOA has 2026010100"}},
      {"required and of no hash that is known",
       golden("root-zonemd-hash.zone"),
       {"has no ZONEMD of a supported scheme", "requires one"},
       {.policy = {.zonemd = VerifyPolicy::Zonemd::Required}}},
      {"required and absent",
       golden("root-plain.zone"),
       {"has no ZONEMD", "requires one"},
       {.policy = {.zonemd = VerifyPolicy::Zonemd::Required}}},
  });
  EXPECT_TRUE(
      verify_text(golden("root-zonemd-digest.zone"), {.policy = {.zonemd = VerifyPolicy::Zonemd::None}})
          .ok());
  for (const char* file : {"root-plain.zone", "root-zonemd-hash.zone"}) {
    auto zone = verify_text(golden(file));
    ASSERT_TRUE(zone.ok()) << file << ": " << zone.error().message;
    EXPECT_FALSE(zone->zonemd_verified()) << file;
  }
}

TEST(Verify, WithoutDnssecStillChecksTheApexAndZonemd) {
  const Setting none{.policy = {.dnssec = VerifyPolicy::Dnssec::None}};
  const std::string good = golden("root.zone");
  auto zone = verify_text(good, none);
  ASSERT_TRUE(zone.ok()) << zone.error().message;
  EXPECT_EQ(zone->assurance(), Assurance::NotVerified);
  EXPECT_EQ(zone->first_signature_end(), 0);
  expect_refused({
      {"ZONEMD", replaced(good, "small", "smell"), {"ZONEMD"}, none},
      {"no NS", ". 60 IN SOA . . 1 2 3 4 5\n", {"no apex NS"}, none},
      {"an RRSIG alone", without(good, ".", "IN\tTXT"), {"RRSIG(TXT) over a set"}, none},
  });
}

}  // namespace
}  // namespace imrs::zone

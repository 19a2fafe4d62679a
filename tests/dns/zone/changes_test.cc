// Differences applied to a zone: what they make of it, and what does not belong to it.
#include "dns/zone/changes.h"

#include <gmock/gmock.h>

#include "dns/wire/protocol.h"
#include "dns/zone/parse.h"
#include "tests/dns/transfer/messages.h"

namespace imrs::zone {
namespace {

using test::name;
using testing::HasSubstr;
using namespace wire::rrtype;

ZoneRecord soa(std::uint32_t serial) { return {name("example."), SOA, 3600, test::soa_rdata(serial)}; }
ZoneRecord a(const std::string& owner, std::uint8_t last, std::uint32_t ttl = 60) {
  return {name(owner), A, ttl, {192, 0, 2, last}};
}
// Over A; only as much of it as is looked at here.
ZoneRecord rrsig(const std::string& owner, std::uint8_t mark, std::uint32_t ttl = 60) {
  Rdata rdata(18, 0);
  rdata[1] = A;
  rdata.insert(rdata.end(), {0, mark});
  return {name(owner), RRSIG, ttl, rdata};
}

Zone zone_of(const std::vector<ZoneRecord>& records) {
  ZoneBuilder builder(name("example."));
  for (const ZoneRecord& record : records) {
    EXPECT_TRUE(builder.add(record.owner, record.type, record.ttl, record.rdata).ok());
  }
  return std::move(builder).finish().value();
}

// Everything that is in it, in order.
std::string dump(const Zone& zone) {
  std::string out;
  for (const auto& [owner, node] : zone.nodes) {
    for (const auto& [type, set] : node) {
      out += owner.text() + " " + std::to_string(type) + " " + std::to_string(set.ttl) + "/" +
             std::to_string(set.signature_ttl);
      for (const auto* values : {&set.rdata, &set.signatures}) {
        out += ":";
        for (const Rdata& rdata : *values) out += " " + std::to_string(rdata.back());
      }
      out += "\n";
    }
  }
  return out;
}

const std::vector<ZoneRecord> kBefore{soa(1), a("a.example.", 1), a("a.example.", 2), rrsig("a.example.", 7),
                                      a("b.example.", 3)};

struct Case {
  const char* description;
  std::vector<Change> changes;
  std::vector<ZoneRecord> want;
};

TEST(Changes, MakeTheNextVersion) {
  const std::vector<Case> cases{
      {"nothing", {}, kBefore},
      {"only the serial",
       {{{soa(1)}, {soa(2)}}},
       {soa(2), a("a.example.", 1), a("a.example.", 2), rrsig("a.example.", 7), a("b.example.", 3)}},
      {"one record of a set, and its signature",
       {{{soa(1), a("a.example.", 1), rrsig("a.example.", 7)}, {soa(2), rrsig("a.example.", 8)}}},
       {soa(2), a("a.example.", 2), rrsig("a.example.", 8), a("b.example.", 3)}},
      {"a name goes, another comes",
       {{{soa(1), a("b.example.", 3)}, {soa(2), a("c.example.", 4)}}},
       {soa(2), a("a.example.", 1), a("a.example.", 2), rrsig("a.example.", 7), a("c.example.", 4)}},
      {"another TTL: all of the set goes and comes",
       {{{soa(1), a("a.example.", 1), a("a.example.", 2), rrsig("a.example.", 7)},
         {soa(2), a("a.example.", 2, 90), a("a.example.", 1, 90), rrsig("a.example.", 9, 90)}}},
       {soa(2), a("a.example.", 1, 90), a("a.example.", 2, 90), rrsig("a.example.", 9, 90),
        a("b.example.", 3)}},
      {"two steps; what came goes again",
       {{{soa(1)}, {soa(2), a("c.example.", 4)}}, {{soa(2), a("c.example.", 4)}, {soa(3)}}},
       {soa(3), a("a.example.", 1), a("a.example.", 2), rrsig("a.example.", 7), a("b.example.", 3)}},
      {"names in another case",
       {{{soa(1), a("B.Example.", 3)}, {soa(2)}}},
       {soa(2), a("a.example.", 1), a("a.example.", 2), rrsig("a.example.", 7)}},
  };
  for (const Case& test : cases) {
    SCOPED_TRACE(test.description);
    auto next = apply_changes(zone_of(kBefore), test.changes);
    ASSERT_TRUE(next.ok()) << next.error().message;
    EXPECT_EQ(dump(*next), dump(zone_of(test.want)));
  }
}

struct BadCase {
  const char* description;
  Change change;
  const char* want;
  Errc code = Errc::Refused;
};

TEST(Changes, OfAnotherVersionAreRefused) {
  const std::vector<BadCase> cases{
      {"no such name", {{soa(1), a("x.example.", 1)}, {soa(2)}}, "x.example. A is to be removed"},
      {"no such record", {{soa(1), a("a.example.", 9)}, {soa(2)}}, "a.example. A is to be removed"},
      {"twice",
       {{soa(1), a("b.example.", 3), a("b.example.", 3)}, {soa(2)}},
       "b.example. A is to be removed"},
      {"another TTL", {{soa(1), a("b.example.", 3, 61)}, {soa(2)}}, "b.example. A is to be removed"},
      {"no such signature",
       {{soa(1), rrsig("a.example.", 8)}, {soa(2)}},
       "a.example. RRSIG is to be removed"},
      {"another serial", {{soa(5)}, {soa(6)}}, "example. SOA is to be removed"},
      {"malformed", {{soa(1), {name("a.example."), A, 60, {1}}}, {soa(2)}}, "is to be removed"},
      {"a signature over nothing readable",
       {{soa(1), {name("a.example."), RRSIG, 60, {}}}, {soa(2)}},
       "is to be removed"},
      {"there already", {{soa(1)}, {soa(2), a("b.example.", 3)}}, "b.example. A is to be added"},
      {"added twice",
       {{soa(1)}, {soa(2), a("c.example.", 3), a("c.example.", 3)}},
       "c.example. A is to be added"},
      {"a TTL of its own",
       {{soa(1)}, {soa(2), a("b.example.", 4, 61)}},
       "differing TTLs",
       Errc::InvalidInput},
      {"outside the zone", {{soa(1)}, {soa(2), a("x.test.", 4)}}, "outside the zone", Errc::InvalidInput},
      {"a second SOA", {{}, {soa(2)}}, "exactly one SOA", Errc::InvalidInput},
      {"no SOA left", {{soa(1)}, {}}, "exactly one SOA", Errc::InvalidInput},
  };
  for (const BadCase& test : cases) {
    SCOPED_TRACE(test.description);
    auto next = apply_changes(zone_of(kBefore), std::span(&test.change, 1));
    ASSERT_FALSE(next.ok());
    EXPECT_EQ(next.error().code, test.code);
    EXPECT_THAT(next.error().message, HasSubstr(test.want));
  }
}

}  // namespace
}  // namespace imrs::zone

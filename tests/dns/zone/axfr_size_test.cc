// The size of a transfer, computed by hand and against what ldns makes of the same records.
//
// A message has a header of 12 octets; the first one has the question too (name, type, class). A record has
// its owner, 10 octets, and its rdata. A name that has come before is a pointer of 2 octets, with the labels
// that are new before it; in rdata only in the types of RFC 1035 (RFC 3597 section 4). Pointers lead to the
// first 16,384 octets of their message.
#include "dns/zone/axfr_size.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <memory>

#include "dns/wire/bytes.h"
#include "dns/wire/protocol.h"
#include "dns/zone/parse.h"
#include "tests/dns/zone/zone_files.h"

// Last: it defines `true` and `false` as macros, which the standard headers do not survive.
// clang-format off
#include <ldns/ldns.h>
#undef true
#undef false
// clang-format on

namespace imrs::zone {
namespace {

using namespace wire::rrtype;

constexpr std::size_t kHeader = 12, kFixed = 10, kSoaNumbers = 20, kPointer = 2;

Rdata wire_name(std::string_view text) {
  const auto name = wire::Name::parse(text);
  const auto octets = name.value().wire();
  return {octets.begin(), octets.end()};
}

Rdata joined(std::initializer_list<Rdata> parts) {
  Rdata out;
  for (const Rdata& part : parts) out.insert(out.end(), part.begin(), part.end());
  return out;
}

class Records {
 public:
  Records(const std::string& origin, std::string_view primary, std::string_view contact)
      : builder_(wire::Name::parse(origin).value()) {
    add(origin, SOA, joined({wire_name(primary), wire_name(contact), Rdata(kSoaNumbers)}));
  }
  Records& add(const std::string& owner, std::uint16_t type, const Rdata& rdata) {
    const auto added = builder_.add(wire::Name::parse(owner).value(), type, 86400, rdata);
    EXPECT_TRUE(added.ok()) << owner;
    return *this;
  }
  [[nodiscard]] Zone zone() { return std::move(builder_).finish().value(); }
  [[nodiscard]] std::uint64_t size() { return axfr_size(zone()); }

 private:
  ZoneBuilder builder_;
};

constexpr std::size_t kRootStart = kHeader + 1 + 4;  // the question: ".", AXFR, IN

// ". SOA a. b." twice: the second time both names are pointers.
constexpr std::size_t kRootSoa = 1 + kFixed + 3 + 3 + kSoaNumbers;
constexpr std::size_t kRootSoaAgain = 1 + kFixed + 2 * kPointer + kSoaNumbers;

Records root() { return {".", "a.", "b."}; }

TEST(AxfrSize, TheRootsSoaAlone) {
  EXPECT_EQ(root().size(), kRootStart + kRootSoa + kRootSoaAgain);
  EXPECT_EQ(root().size(), 17U + 37 + 35);
}

TEST(AxfrSize, RecordsOfTheRootByHand) {
  const struct {
    const char* description;
    const char* owner;
    std::uint16_t type;
    Rdata rdata;
    std::size_t want;  // more than the SOA alone
  } cases[] = {
      {"A: nothing to compress", "x.", A, {192, 0, 2, 1}, 3 + kFixed + 4},
      {"an owner that the SOA has named", "a.", A, {192, 0, 2, 1}, kPointer + kFixed + 4},
      {"below one", "www.a.", A, {192, 0, 2, 1}, 4 + kPointer + kFixed + 4},
      {"NS of a known name", "x.", NS, wire_name("a."), 3 + kFixed + kPointer},
      {"in another case", "x.", NS, wire_name("A."), 3 + kFixed + kPointer},
      {"NS below its owner", "x.", NS, wire_name("ns1.x."), 3 + kFixed + 4 + kPointer},
      {"NS below a label of it", "x.y.", NS, wire_name("ns.y."), 5 + kFixed + 3 + kPointer},
      {"NS of the root is no pointer", "x.", NS, wire_name("."), 3 + kFixed + 1},
      {"a label like a known one is no suffix", "x.", NS, wire_name("a.x.y."), 3 + kFixed + 7},
      {"NSEC: its name is not compressed", "x.", NSEC, joined({wire_name("a."), {0, 1, 0x40}}),
       3 + kFixed + 3 + 3},
      {"SRV: nor its", "x.", SRV, joined({Rdata(6), wire_name("a.")}), 3 + kFixed + 6 + 3},
      {"DS", "x.", DS, Rdata(36), 3 + kFixed + 36},
      {"TXT that looks like a name", "x.", TXT, wire_name("a."), 3 + kFixed + 3},
  };
  for (const auto& c : cases) {
    Records records = root();
    records.add(c.owner, c.type, c.rdata);
    EXPECT_EQ(records.size(), kRootStart + kRootSoa + c.want + kRootSoaAgain) << c.description;
  }
}

TEST(AxfrSize, SetsAndSignatures) {
  Records records = root();
  records.add("x.", NS, wire_name("ns1.x.")).add("x.", NS, wire_name("ns2.x."));
  const Rdata rrsig = joined({{0, NS, 8, 1}, Rdata(14), wire_name("."), Rdata(64)});
  records.add("x.", RRSIG, rrsig);
  EXPECT_EQ(records.size(), kRootStart + kRootSoa + (3 + kFixed + 4 + kPointer) +
                                (kPointer + kFixed + 4 + kPointer) + (kPointer + kFixed + rrsig.size()) +
                                kRootSoaAgain);
}

TEST(AxfrSize, SignersNamesAreNotCompressed) {
  Records records("arpa.", "a.", "b.");
  const std::uint64_t before = Records("arpa.", "a.", "b.").size();
  const Rdata rrsig = joined({{0, SOA, 8, 1}, Rdata(14), wire_name("arpa."), Rdata(64)});
  records.add("arpa.", RRSIG, rrsig);
  EXPECT_EQ(records.size(), before + kPointer + kFixed + rrsig.size());
}

TEST(AxfrSize, NothingWithoutAnApexOrASoa) {
  Zone zone = root().zone();
  EXPECT_GT(axfr_size(zone), 0U);
  zone.nodes[zone.origin][SOA].rdata.clear();
  EXPECT_EQ(axfr_size(zone), 0U);
  zone.nodes[zone.origin].erase(SOA);
  EXPECT_EQ(axfr_size(zone), 0U);
  zone.nodes.clear();
  EXPECT_EQ(axfr_size(zone), 0U);
}

// A question's name is the first that a pointer can lead to, and the SOA's owner is the same.
TEST(AxfrSize, OwnersPointToTheQuestion) {
  constexpr std::size_t kQuestion = 6 + 4;
  EXPECT_EQ(Records("arpa.", "a.", "b.").size(), kHeader + kQuestion +
                                                     (kPointer + kFixed + 3 + 3 + kSoaNumbers) +
                                                     (kPointer + kFixed + 2 * kPointer + kSoaNumbers));
}

TEST(AxfrSize, EveryTypeOfRfc1035IsCompressed) {
  const struct {
    const char* description;
    std::uint16_t type;
    Rdata rdata;
    std::size_t want;
  } cases[] = {{"CNAME", CNAME, wire_name("a."), kPointer},
               {"PTR", PTR, wire_name("ns.a."), 3 + kPointer},
               {"MX", MX, joined({{0, 10}, wire_name("a.")}), 2 + kPointer}};
  for (const auto& c : cases) {
    Records records = root();
    records.add("x.", c.type, c.rdata);
    EXPECT_EQ(records.size(), kRootStart + kRootSoa + 3 + kFixed + c.want + kRootSoaAgain) << c.description;
  }
}

// Addresses of names "n0000." and so on, 21 octets each, as many as are asked for; they are no suffixes of
// anything. `last` is the size of the rdata of one TXT record of the owner "z.", which is the last one.
std::uint64_t size_of_many(std::size_t addresses, std::size_t last) {
  Records records = root();
  for (std::size_t i = 0; i < addresses; ++i) records.add(fmt::format("n{:04}.", i), A, {192, 0, 2, 1});
  records.add("z.", TXT, Rdata(last, 'x'));
  return records.size();
}
constexpr std::size_t kAddress = 7 + kFixed + 4;
constexpr std::size_t kMost = 65535;

// 3,000 addresses leave 2,481 octets of the first message to "z." and the SOA, whose names are pointers then.
TEST(AxfrSize, UpToTheLastOctetOfAMessage) {
  constexpr std::size_t kBefore = kRootStart + kRootSoa + 3000 * kAddress;
  constexpr std::size_t kRoom = kMost - kBefore - (3 + kFixed) - kRootSoa;  // for the SOA uncompressed
  EXPECT_EQ(size_of_many(3000, kRoom), kBefore + 3 + kFixed + kRoom + kRootSoaAgain);
}

TEST(AxfrSize, AMessageAsFullAsItCanBe) {
  constexpr std::size_t kBefore = kRootStart + kRootSoa + 3000 * kAddress;
  constexpr std::size_t kRoom = kMost - kBefore - (3 + kFixed) - kRootSoaAgain;  // not an octet is left
  EXPECT_EQ(size_of_many(3000, kRoom), kMost);
}

// The next message has a header, no question, and nothing that a pointer could lead to.
TEST(AxfrSize, WhatDoesNotFitGoesIntoAMessageWithoutAQuestion) {
  constexpr std::size_t kBefore = kRootStart + kRootSoa + 3000 * kAddress;
  constexpr std::size_t kRoom = kMost - kBefore - (3 + kFixed) - kRootSoaAgain + 1;  // one too many
  EXPECT_EQ(size_of_many(3000, kRoom), kBefore + 3 + kFixed + kRoom + kHeader + kRootSoa);
}

// 8,000 addresses: 3,118 fit into the first message, 3,120 into each of the others.
TEST(AxfrSize, OfSeveralMessages) {
  ASSERT_EQ((kMost - kRootStart - kRootSoa) / kAddress, 3118U);
  ASSERT_EQ((kMost - kHeader) / kAddress, 3120U);
  EXPECT_EQ(size_of_many(8000, 10),
            kRootStart + kRootSoa + 8000 * kAddress + 2 * kHeader + (3 + kFixed + 10) + kRootSoa);
}

// "late." stands behind the 16,384 octets that a pointer reaches: it comes in full each time.
TEST(AxfrSize, APointerDoesNotReachTheEndOfAMessage) {
  const auto more_with = [](std::size_t addresses) {
    Records without = root(), with = root();
    for (std::size_t i = 0; i < addresses; ++i) {
      for (Records* const records : {&without, &with}) {
        records->add(fmt::format("n{:04}.", i), A, {192, 0, 2, 1});
      }
    }
    with.add("o.", NS, wire_name("late.")).add("p.", NS, wire_name("late."));
    return with.size() - without.size();
  };
  constexpr std::size_t kFirst = 3 + kFixed + 6;
  constexpr std::size_t kStart = kRootStart + kRootSoa;
  // The name starts 13 octets after "o.": with 775 addresses at 16,342, with 777 at 16,384.
  ASSERT_EQ(kStart + 777 * kAddress + 3 + kFixed, 16384U);
  EXPECT_EQ(more_with(776), kFirst + 3 + kFixed + kPointer);
  EXPECT_EQ(more_with(777), kFirst + kFirst);
}

// One message of all records, written by ldns, which shares no code with axfr_size().
class LdnsMessage {
 public:
  explicit LdnsMessage(const wire::Name& origin)
      : packet_(ldns_pkt_query_new(name_of(origin), LDNS_RR_TYPE_AXFR, LDNS_RR_CLASS_IN, LDNS_QR),
                ldns_pkt_free) {}

  void add(const wire::Name& owner, std::uint16_t type, const Rdata& rdata) {
    std::vector<std::uint8_t> octets;
    wire::ByteWriter writer(octets);
    writer.put(owner.wire());
    writer.u16(type);
    writer.u16(wire::rrclass::IN);
    writer.u32(86400);
    writer.u16(static_cast<std::uint16_t>(rdata.size()));
    writer.put(rdata);
    ldns_rr* rr = nullptr;
    std::size_t at = 0;
    ASSERT_EQ(ldns_wire2rr(&rr, octets.data(), octets.size(), &at, LDNS_SECTION_ANSWER), LDNS_STATUS_OK);
    ldns_pkt_push_rr(packet_.get(), LDNS_SECTION_ANSWER, rr);
  }
  [[nodiscard]] std::size_t size() const {
    std::uint8_t* octets = nullptr;
    std::size_t size = 0;
    EXPECT_EQ(ldns_pkt2wire(&octets, packet_.get(), &size), LDNS_STATUS_OK);
    std::free(octets);  // NOLINT: ldns allocates with malloc
    return size;
  }

 private:
  static ldns_rdf* name_of(const wire::Name& name) {
    return ldns_rdf_new_frm_data(LDNS_RDF_TYPE_DNAME, name.size(), name.wire().data());
  }
  std::unique_ptr<ldns_pkt, decltype(&ldns_pkt_free)> packet_;
};

TEST(AxfrSize, IsThatOfTheMessageThatLdnsWrites) {
  const std::pair<const char*, const char*> zones[] = {
      {"root.zone", "."},
      {"root-plain.zone", "."},
      {"root-alg8.zone", "."},
      {"arpa.zone", "arpa."},
      {"rfc8976-a4-uri.arpa.zone", "uri.arpa."},
      {"rfc8976-a5-root-servers.net.zone", "root-servers.net."}};
  for (const auto& [file, origin] : zones) {
    SCOPED_TRACE(file);
    const auto zone = parse_file(test::golden_path(file), wire::Name::parse(origin).value());
    ASSERT_TRUE(zone.ok()) << zone.error().message;
    LdnsMessage message(zone->origin);
    for (const auto& [owner, node] : zone->nodes) {
      for (const auto& [type, set] : node) {
        for (const Rdata& rdata : set.rdata) message.add(owner, type, rdata);
        for (const Rdata& rdata : set.signatures) message.add(owner, RRSIG, rdata);
      }
    }
    message.add(zone->origin, SOA, zone->nodes.at(zone->origin).at(SOA).rdata.front());
    EXPECT_EQ(axfr_size(*zone), message.size());
  }
}

}  // namespace
}  // namespace imrs::zone

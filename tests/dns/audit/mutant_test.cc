// Errors that a compiler could make, one at a time. Every image here passes all checks of loading; the audit
// has to refuse it and say why.
#include <gmock/gmock.h>

#include <functional>

#include "dns/image/digest.h"
#include "dns/image/image.h"
#include "dns/wire/bytes.h"
#include "dns/wire/protocol.h"
#include "tests/dns/audit/image_map.h"

namespace imrs::audit {
namespace {

using namespace image;
using namespace wire::rrtype;
using test::BodyParts;
using test::get;
using test::ImageMap;
using test::Octets;
using test::put;
using testing::HasSubstr;

constexpr std::size_t kPlain = 0, kDnssec = 4;  // which of a pair of bodies

std::uint32_t referral(const ImageMap& map, std::string_view name) {
  return map.node(".", name) + static_cast<std::uint32_t>(offsetof(Node, referral));
}

std::uint32_t answer(const ImageMap& map, std::string_view name, std::uint16_t type) {
  return map.type_answer(".", name, type) + static_cast<std::uint32_t>(offsetof(TypeAnswer, body));
}

// Puts a changed copy of the body that the pointer at `where` leads to in its place.
void change_body(Octets& image, std::size_t where, const std::function<void(BodyParts&)>& change) {
  BodyParts parts = test::read_body(image, get<std::uint32_t>(image, static_cast<std::uint32_t>(where)));
  change(parts);
  put(image, where, test::append_body(image, std::move(parts)));
}

void copy_pointer(Octets& image, std::size_t from, std::size_t to) {
  put(image, to, get<std::uint32_t>(image, static_cast<std::uint32_t>(from)));
}

template <typename T>
void add_to(Octets& image, std::size_t offset, T by) {
  put(image, offset, static_cast<T>(get<T>(image, static_cast<std::uint32_t>(offset)) + by));
}

// Replaces the first `from` in the octets by `to`; both 32 bits.
void replace(BodyParts& body, std::uint32_t from, std::uint32_t to) {
  const auto big = [](std::uint32_t v) {
    return std::array{static_cast<std::uint8_t>(v >> 24), static_cast<std::uint8_t>(v >> 16),
                      static_cast<std::uint8_t>(v >> 8), static_cast<std::uint8_t>(v)};
  };
  const auto found = std::ranges::search(body.octets, big(from));
  ASSERT_FALSE(found.empty());
  std::ranges::copy(big(to), found.begin());
}

// The n-th pointer leads `by` octets further.
void move_pointer(BodyParts& body, std::size_t n, int by) {
  std::uint8_t* at = &body.octets.at(body.fixups.at(n));
  wire::store_u16(at, static_cast<std::uint16_t>((wire::load_u16(at) + by) & 0x3FFF));
}

struct Mutant {
  const char* description;
  void (*make)(Octets&, const ImageMap&);
  const char* reason;
};

const Mutant kMutants[] = {
    {"glue record dropped",
     [](Octets& i, const ImageMap& m) {
       change_body(i, referral(m, "alpha.") + kPlain,
                   [](BodyParts& b) { drop_last(b, &Body::additionals, 1); });
     },
     "alpha. A, EDNS, by TCP: ns2.alpha. AAAA: is missing"},
    {"courtesy address dropped",
     [](Octets& i, const ImageMap& m) {
       change_body(i, referral(m, "gamma.") + kDnssec,
                   [](BodyParts& b) { drop_last(b, &Body::additionals, 1); });
     },
     "s8.alpha. AAAA: is missing"},
    {"name server dropped",
     [](Octets& i, const ImageMap& m) {
       change_body(i, referral(m, "deep.empty.zeta.") + kPlain, [](BodyParts& b) {
         b = {.head = b.head, .cuts = {Cut{}}, .fixups = {}, .octets = {}};
         b.head.authorities = b.head.additionals = 0;
       });
     },
     "deep.empty.zeta. NS: is missing"},
    {"NSEC of another gap",
     [](Octets& i, const ImageMap& m) {
       copy_pointer(i, m.sorted(".", "alpha.") + offsetof(Sorted, nsec),
                    m.sorted(".", "beta.") + offsetof(Sorted, nsec));
     },
     "no NSEC proves that there is no"},
    {"wildcard denied by another NSEC",
     [](Octets& i, const ImageMap& m) {
       copy_pointer(i, m.sorted(".", "net.") + offsetof(Sorted, nsec),
                    m.node(".", ".") + offsetof(Node, wildcard_nsec));
     },
     "net. NSEC: proves nothing that this answer says"},
    {"wildcard not denied",
     [](Octets& i, const ImageMap& m) { put(i, m.node(".", ".") + offsetof(Node, wildcard_nsec), 0U); },
     "no NSEC proves that there is no *."},
    {"TTLs swapped",
     [](Octets& i, const ImageMap& m) {
       change_body(i, answer(m, ".", NS) + kPlain, [](BodyParts& b) { replace(b, 518400, 172800); });
     },
     ". NS: its TTL is 172800 and should be 518400"},
    {"SOA of a negative answer with its own TTL",
     [](Octets& i, const ImageMap& m) {
       change_body(i, m.zone_of(".") + offsetof(ZoneRecord, name_error) + kPlain,
                   [](BodyParts& b) { replace(b, 3600, 86400); });
     },
     ". SOA: its TTL is 86400 and should be 3600"},
    {"AA in a referral",
     [](Octets& i, const ImageMap& m) {
       change_body(i, referral(m, "net.") + kPlain, [](BodyParts& b) { b.head.flags ^= wire::flag::AA; });
     },
     "net. A, EDNS, by TCP: flags and rcode are 8400 and should be 8000"},
    {"no AA in an answer",
     [](Octets& i, const ImageMap& m) {
       change_body(i, answer(m, ".", SOA) + kDnssec, [](BodyParts& b) { b.head.flags ^= wire::flag::AA; });
     },
     ". SOA, DO, by TCP: flags and rcode are 8000 and should be 8400"},
    {"NOERROR for what does not exist",
     [](Octets& i, const ImageMap& m) {
       change_body(i, m.zone_of(".") + offsetof(ZoneRecord, name_error) + kPlain,
                   [](BodyParts& b) { b.head.flags = wire::flag::AA; });
     },
     "flags and rcode are 8400 and should be 8403"},
    {"pointer to another name",
     [](Octets& i, const ImageMap& m) {
       change_body(i, referral(m, "alpha.") + kPlain, [](BodyParts& b) { move_pointer(b, 0, 6); });
     },
     "there is no such record in the zone"},
    {"pointer that leads forward",
     [](Octets& i, const ImageMap& m) {
       change_body(i, referral(m, "alpha.") + kPlain, [](BodyParts& b) { move_pointer(b, 0, 100); });
     },
     "points forward"},
    {"RRSIG left out",
     [](Octets& i, const ImageMap& m) {
       change_body(i, answer(m, ".", NS) + kDnssec, [](BodyParts& b) {
         while (b.head.additionals > 0) drop_last(b, &Body::additionals, 1);
         drop_last(b, &Body::answers, 1);
       });
     },
     ". RRSIG(NS): is missing"},
    {"RRSIG of the NSEC left out",
     [](Octets& i, const ImageMap& m) {
       change_body(i, m.node(".", ".") + offsetof(Node, no_data) + kDnssec,
                   [](BodyParts& b) { drop_last(b, &Body::authorities, 1); });
     },
     ". RRSIG(NSEC): is missing"},
    {"another delegation's answer",
     [](Octets& i, const ImageMap& m) {
       copy_pointer(i, referral(m, "net.") + kPlain, referral(m, "beta.") + kPlain);
     },
     "beta. A, EDNS, by TCP: "},
    {"another name's DS",
     [](Octets& i, const ImageMap& m) {
       copy_pointer(i, m.node(".", "arpa.") + offsetof(Node, ds), m.node(".", "alpha.") + offsetof(Node, ds));
     },
     "alpha. DS, EDNS, by TCP: "},
    {"glue may be cut off without TC",
     [](Octets& i, const ImageMap& m) {
       change_body(i, referral(m, "alpha.") + kDnssec, [](BodyParts& b) {
         Cut early = b.cuts.front();
         early.size = static_cast<std::uint16_t>(test::ends_in(b).at(b.head.authorities));
         early.additionals = 1;
         b.cuts.insert(b.cuts.begin(), early);
       });
     },
     "no TC although not all that is required fits"},
    {"TC although what is left off is not required",
     [](Octets& i, const ImageMap& m) {
       change_body(i, referral(m, "gamma.") + kPlain,
                   [](BodyParts& b) { b.cuts.erase(b.cuts.begin(), b.cuts.end() - 1); });
     },
     "TC although all that is required fits"},
    {"cut within a set",
     [](Octets& i, const ImageMap& m) {
       change_body(i, referral(m, "gamma.") + kPlain, [](BodyParts& b) { b.cuts.back().additionals -= 1; });
     },
     "octets after the last record"},
    {"cut with another count",
     [](Octets& i, const ImageMap& m) {
       change_body(i, referral(m, "gamma.") + kPlain,
                   [](BodyParts& b) { --(b.cuts.end() - 2)->additionals; });
     },
     "differs from the answer proven by TCP"},
    {"count too high",
     [](Octets& i, const ImageMap& m) {
       change_body(i, answer(m, ".", SOA) + kPlain, [](BodyParts& b) { ++b.head.authorities; });
     },
     ". SOA, EDNS, by TCP: "},
    {"records in the wrong section",
     [](Octets& i, const ImageMap& m) {
       change_body(i, answer(m, ".", SOA) + kPlain,
                   [](BodyParts& b) { std::swap(b.head.answers, b.head.authorities); });
     },
     ". SOA: has no place in that section"},
    {"with and without DO swapped",
     [](Octets& i, const ImageMap& m) {
       const std::uint32_t pair = answer(m, ".", DNSKEY);
       const auto plain = get<std::uint32_t>(i, pair), with_do = get<std::uint32_t>(i, pair + 4);
       put(i, pair, with_do);
       put(i, pair + 4, plain);
     },
     ". RRSIG(DNSKEY): has no place in that section"},
    {"record twice",
     [](Octets& i, const ImageMap& m) {
       change_body(i, answer(m, ".", SOA) + kPlain, [](BodyParts& b) {
         const std::size_t size = b.octets.size();
         const auto fixups = b.fixups;
         const Octets once = b.octets;
         b.octets.insert(b.octets.end(), once.begin(), once.end());
         for (const std::uint16_t at : fixups) b.fixups.push_back(static_cast<std::uint16_t>(at + size));
         b.cuts.back().size = static_cast<std::uint16_t>(b.octets.size());
         b.head.answers = 2;
       });
     },
     ". SOA: is there twice"},
    {"record that the zone does not have",
     [](Octets& i, const ImageMap& m) {
       change_body(i, referral(m, "alpha.") + kPlain,
                   [](BodyParts& b) { replace(b, 0xC0000201, 0xC0000263); });
     },
     "ns1.alpha. A: there is no such record in the zone"},
    {"letters that the zone does not have",
     [](Octets& i, const ImageMap& m) {
       change_body(i, referral(m, "alpha.") + kPlain,
                   [](BodyParts& b) { replace(b, 0x036E7331, 0x034E7331); });
     },
     "a name in letters that neither the zone nor the question has"},
    {"type that is not there",
     [](Octets& i, const ImageMap& m) { put(i, m.type_answer(".", ".", DNSKEY), 65280U); },
     ". DNSKEY, EDNS, by TCP: "},
    {"name not found",
     [](Octets& i, const ImageMap& m) {
       put(i, m.slot(".", "beta."), Slot{0, 0});
     },
     "beta. A, EDNS, by TCP: flags and rcode are 8403 and should be 8000"},
    {"empty non-terminal not found",
     [](Octets& i, const ImageMap& m) {
       put(i, m.slot(".", "empty.zeta."), Slot{0, 0});
     },
     "empty.zeta. A, EDNS, by TCP: flags and rcode are 8403 and should be 8400"},
    {"delegation answered with authority",
     [](Octets& i, const ImageMap& m) {
       const std::uint32_t node = m.node(".", "net.");
       put(i, node + offsetof(Node, kind), NodeKind::Authoritative);
       put(i, node + offsetof(Node, number), 0U);
       copy_pointer(i, m.node(".", ".") + offsetof(Node, no_data), node + offsetof(Node, no_data));
       copy_pointer(i, m.node(".", ".") + offsetof(Node, no_data) + 4, node + offsetof(Node, no_data) + 4);
     },
     "net. A, EDNS, by TCP: flags and rcode are 8400 and should be 8000"},
    {"another serial",
     [](Octets& i, const ImageMap& m) { add_to(i, m.zone_of("arpa.") + offsetof(ZoneRecord, serial), 1U); },
     "zone arpa.: the image says serial 2026112401, and it is 2026112400"},
    {"signatures that last longer",
     [](Octets& i, const ImageMap& m) {
       add_to(i, m.zone_of(".") + offsetof(ZoneRecord, first_signature_end), std::int64_t{86400});
     },
     "zone .: the image says first signature end"},
    {"one delegation more",
     [](Octets& i, const ImageMap& m) { add_to(i, m.zone_of(".") + offsetof(ZoneRecord, delegations), 1U); },
     "the image says delegations 7, and it is 6"},
    {"a zone that is missing",
     [](Octets& i, const ImageMap&) { put(i, offsetof(FileHeader, zone_count), 2U); },
     "the image has 2 zones, and 3 are to be audited"},
    {"the parent's zone answers for the child",
     [](Octets& i, const ImageMap& m) {
       const auto first = get<ZoneRecord>(i, m.zone(0)), last = get<ZoneRecord>(i, m.zone(2));
       put(i, m.zone(0), last);
       put(i, m.zone(2), first);
     },
     "arpa. A, EDNS, by TCP: "},
};

TEST(Mutants, EachIsFoundByTheAuditAlone) {
  const test::AuditLab lab;
  const Auditor auditor = lab.auditor();
  const ImageMap map(lab.image());
  for (const Mutant& mutant : kMutants) {
    SCOPED_TRACE(mutant.description);
    Octets octets = lab.image();
    mutant.make(octets, map);
    ASSERT_NE(octets, lab.image());
    map.refresh(octets);
    auto image = Image::adopt(std::move(octets));
    ASSERT_TRUE(image.ok()) << image.error().message;
    const auto report = auditor.audit(**image);
    ASSERT_FALSE(report.ok()) << "passed";
    EXPECT_THAT(report.error().message, HasSubstr(mutant.reason));
  }
}

}  // namespace
}  // namespace imrs::audit

// Builds a Zone from records. Called by imrs-zone for files (through ldns) and by the transfer reader.
// It checks what can be said of records alone; whether they are true is verify()'s business.
#include "dns/zone/parse.h"

#include <algorithm>

#include "dns/wire/bytes.h"
#include "dns/wire/protocol.h"
#include "dns/wire/text.h"
#include "dns/zone/canonical.h"

namespace imrs::zone {
namespace {

// No RRset with more records fits a DNS message (each takes 12 octets at least). It also bounds the work
// that a peer can cause here.
constexpr std::size_t kMaxRecordsInSet = 65535 / 12;

Error at(const wire::Name& owner, std::uint16_t type, std::string_view why) {
  return Error{Errc::InvalidInput, owner.text() + " " + wire::type_text(type) + ": " + std::string(why)};
}

// Inserts in canonical order (RFC 4034 section 6.3), ignoring a duplicate (RFC 2181 section 5.2).
void insert_rdata(std::vector<Rdata>& set, std::uint16_t type, Rdata rdata) {
  const Rdata key = canonical_rdata(type, rdata);
  const auto place = std::ranges::lower_bound(
      set, key, {}, [type](const Rdata& other) { return canonical_rdata(type, other); });
  if (place != set.end() && canonical_rdata(type, *place) == key) return;
  set.insert(place, std::move(rdata));
}

}  // namespace

ZoneBuilder::ZoneBuilder(wire::Name origin) { zone_.origin = std::move(origin); }

Result<void> ZoneBuilder::add(const wire::Name& owner, std::uint16_t type, std::uint32_t ttl,
                              std::span<const std::uint8_t> rdata) {
  using namespace wire;
  if (!owner.is_within(zone_.origin)) return at(owner, type, "is outside the zone " + zone_.origin.text());
  if (type == rrtype::SOA && owner != zone_.origin) return at(owner, type, "lies below the apex");
  if (type == 0 || type == rrtype::OPT || (type >= 128 && type <= 255)) {
    return at(owner, type, "is not a type that a zone can hold");
  }
  if (!well_formed(type, rdata)) {
    return at(owner, type,
              "has malformed rdata: its " + std::to_string(rdata.size()) +
                  " octets do not read as that type");
  }
  Rdata value(rdata.begin(), rdata.end());
  const bool signature = type == rrtype::RRSIG;
  const std::uint16_t covered = signature ? load_u16(value.data()) : type;
  RRset& set = zone_.nodes[owner][covered];
  auto& values = signature ? set.signatures : set.rdata;
  auto& set_ttl = signature ? set.signature_ttl : set.ttl;
  if (!values.empty() && set_ttl != ttl) {
    return at(owner, type,
              "differing TTLs in one RRset: " + std::to_string(set_ttl) + " and " + std::to_string(ttl));
  }
  if (values.size() >= kMaxRecordsInSet) return at(owner, type, "more records than a message can hold");
  set_ttl = ttl;
  insert_rdata(values, type, std::move(value));
  return {};
}

Result<Zone> ZoneBuilder::finish() && {
  const auto apex = zone_.nodes.find(zone_.origin);
  const bool has_apex = apex != zone_.nodes.end();
  const auto soa = has_apex ? apex->second.find(wire::rrtype::SOA) : Node::iterator{};
  if (!has_apex || soa == apex->second.end() || soa->second.rdata.size() != 1) {
    return Error{Errc::InvalidInput,
                 "zone " + zone_.origin.text() + " does not have exactly one SOA at its apex"};
  }
  return std::move(zone_);
}

}  // namespace imrs::zone

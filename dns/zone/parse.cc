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

// Where the record is in the set, or would be: canonical order (RFC 4034 section 6.3).
struct Place {
  std::vector<Rdata>::iterator at;
  bool there = false;
};

Place find_rdata(std::vector<Rdata>& set, std::uint16_t type, const Rdata& rdata) {
  const Rdata key = canonical_rdata(type, rdata);
  const auto at = std::ranges::lower_bound(
      set, key, {}, [type](const Rdata& other) { return canonical_rdata(type, other); });
  return {at, at != set.end() && canonical_rdata(type, *at) == key};
}

std::uint16_t covered_type(std::uint16_t type, std::span<const std::uint8_t> rdata) {
  return type == wire::rrtype::RRSIG ? wire::load_u16(rdata.data()) : type;
}

}  // namespace

ZoneBuilder::ZoneBuilder(wire::Name origin, std::size_t most_memory) : memory_(most_memory) {
  zone_.origin = std::move(origin);
}

// If they are too many already, the next one that is added says so.
ZoneBuilder::ZoneBuilder(Zone zone, std::size_t most_memory) : zone_(std::move(zone)), memory_(most_memory) {
  for (const auto& [owner, node] : zone_.nodes) {
    for (const auto& [type, set] : node) {
      for (const auto* values : {&set.rdata, &set.signatures}) {
        for (const Rdata& rdata : *values) (void)memory_.add(owner, rdata.size());
      }
    }
  }
}

Result<void> ZoneBuilder::add(const wire::Name& owner, std::uint16_t type, std::uint32_t ttl,
                              std::span<const std::uint8_t> rdata) {
  auto added = add_new(owner, type, ttl, rdata);
  return added ? Result<void>() : Result<void>(added.error());
}

Result<bool> ZoneBuilder::add_new(const wire::Name& owner, std::uint16_t type, std::uint32_t ttl,
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
  if (auto room = memory_.add(owner, rdata.size()); !room) {
    return room.error().within("zone " + zone_.origin.text());
  }
  Rdata value(rdata.begin(), rdata.end());
  const bool signature = type == rrtype::RRSIG;
  RRset& set = zone_.nodes[owner][covered_type(type, value)];
  auto& values = signature ? set.signatures : set.rdata;
  auto& set_ttl = signature ? set.signature_ttl : set.ttl;
  if (!values.empty() && set_ttl != ttl) {
    return at(owner, type,
              "differing TTLs in one RRset: " + std::to_string(set_ttl) + " and " + std::to_string(ttl));
  }
  if (values.size() >= kMaxRecordsInSet) return at(owner, type, "more records than a message can hold");
  set_ttl = ttl;
  const auto [at, there] = find_rdata(values, type, value);
  if (!there) values.insert(at, std::move(value));
  return !there;
}

bool ZoneBuilder::remove(const wire::Name& owner, std::uint16_t type, std::uint32_t ttl,
                         std::span<const std::uint8_t> rdata) {
  if (!well_formed(type, rdata)) return false;
  const auto node = zone_.nodes.find(owner);
  if (node == zone_.nodes.end()) return false;
  const auto found = node->second.find(covered_type(type, rdata));
  if (found == node->second.end()) return false;
  RRset& set = found->second;
  const bool signature = type == wire::rrtype::RRSIG;
  auto& values = signature ? set.signatures : set.rdata;
  auto& set_ttl = signature ? set.signature_ttl : set.ttl;
  const auto [at, there] = find_rdata(values, type, Rdata(rdata.begin(), rdata.end()));
  if (!there || set_ttl != ttl) return false;
  memory_.remove(owner, at->size());
  values.erase(at);
  if (values.empty()) set_ttl = 0;
  if (set.rdata.empty() && set.signatures.empty()) node->second.erase(found);
  if (node->second.empty()) zone_.nodes.erase(node);
  return true;
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

// Writes zones record by record. Called for every image that is sent to the agent.
#include "dns/pipeline/contents.h"

#include "dns/wire/bytes.h"
#include "dns/wire/protocol.h"

namespace imrs::pipeline {
namespace {

void put_records(wire::ByteWriter& out, const wire::Name& owner, std::uint16_t type, std::uint32_t ttl,
                 const std::vector<zone::Rdata>& records) {
  for (const zone::Rdata& rdata : records) {
    out.put(owner.wire());
    out.u16(type);
    out.u16(wire::rrclass::IN);
    out.u32(ttl);
    out.u16(static_cast<std::uint16_t>(rdata.size()));
    out.put(rdata);
  }
}

void put_zone(std::vector<std::uint8_t>& octets, const zone::Zone& zone) {
  std::uint32_t count = 0;
  for (const auto& [owner, node] : zone.nodes) {
    for (const auto& [type, set] : node) {
      count += static_cast<std::uint32_t>(set.rdata.size() + set.signatures.size());
    }
  }
  wire::ByteWriter out(octets);
  out.put(zone.origin.wire());
  out.u32(count);
  for (const auto& [owner, node] : zone.nodes) {
    for (const auto& [type, set] : node) {
      put_records(out, owner, type, set.ttl, set.rdata);
      put_records(out, owner, wire::rrtype::RRSIG, set.signature_ttl, set.signatures);
    }
  }
}

}  // namespace

std::vector<std::uint8_t> zone_contents(std::span<const zone::VerifiedZone* const> zones) {
  std::vector<std::uint8_t> octets;
  for (const zone::VerifiedZone* zone : zones) put_zone(octets, zone->zone());
  return octets;
}

}  // namespace imrs::pipeline

// What each answer consists of: the rules of RFC 1034 section 4.3.2, 2308, 4035 section 3.1 and 9471 in
// the order of the sections. Part of ZoneCompiler; called once for every answer there can be.
#include <algorithm>

#include "dns/image/zone_compiler.h"
#include "dns/wire/bytes.h"
#include "dns/wire/protocol.h"

namespace imrs::image {
namespace {

using namespace wire::rrtype;
constexpr std::uint16_t kAuthoritative = wire::flag::AA;

std::uint32_t soa_minimum(const zone::Rdata& soa) {
  wire::ByteReader reader(std::span<const std::uint8_t>(soa).last(4));
  return reader.u32();
}

}  // namespace

ZoneCompiler::Pair ZoneCompiler::referral(const wire::Name& owner, const zone::Node& node) {
  Pair pair{};
  for (const bool dnssec_ok : {false, true}) {
    BodyBuilder body{owner, 0};
    const zone::RRset& ns = node.at(NS);
    body.add_set(Section::Authority, owner, NS, ns);
    if (dnssec_ok) {
      if (const auto ds = node.find(DS); ds != node.end()) {
        body.add_set(Section::Authority, owner, DS, ds->second);
        body.add_signatures(Section::Authority, owner, ds->second);
      } else {
        add_nsec(body, owner, true);
      }
    }
    add_glue(body, owner, ns, dnssec_ok);
    pair[dnssec_ok ? 1 : 0] = write(body);
  }
  return pair;
}

ZoneCompiler::Pair ZoneCompiler::positive(const wire::Name& owner, std::uint16_t type,
                                          const zone::RRset& set) {
  Pair pair{};
  for (const bool dnssec_ok : {false, true}) {
    BodyBuilder body{owner, kAuthoritative};
    body.add_set(Section::Answer, owner, type, set);
    if (dnssec_ok) body.add_signatures(Section::Answer, owner, set);
    body.allow_cut();
    if (type == NS) {
      for (const zone::Rdata& rdata : set.rdata) {
        if (auto host = wire::Name::from_wire(rdata)) add_addresses(body, *host, true, dnssec_ok);
      }
    }
    pair[dnssec_ok ? 1 : 0] = write(body);
  }
  return pair;
}

// RFC 8482 section 4.1: one RRset with its signatures, so that ANY amplifies nothing and is never cut.
ZoneCompiler::Pair ZoneCompiler::any_type(const wire::Name& owner, const zone::Node& node) {
  Pair pair{};
  std::uint16_t type = node.begin()->first;
  for (const std::uint16_t preferred : {A, AAAA, SOA}) {
    if (node.contains(preferred)) type = preferred;
  }
  for (const bool dnssec_ok : {false, true}) {
    BodyBuilder body{owner, kAuthoritative};
    body.add_set(Section::Answer, owner, type, node.at(type));
    if (dnssec_ok) body.add_signatures(Section::Answer, owner, node.at(type));
    pair[dnssec_ok ? 1 : 0] = write(body);
  }
  return pair;
}

ZoneCompiler::Pair ZoneCompiler::all_signatures(const wire::Name& owner, const zone::Node& node) {
  BodyBuilder body{owner, kAuthoritative};
  for (const auto& [type, set] : node) body.add_signatures(Section::Answer, owner, set);
  const std::uint32_t offset = write(body);
  return {offset, offset};
}

ZoneCompiler::Pair ZoneCompiler::negative(const wire::Name& owner, std::uint16_t flags,
                                          const wire::Name* nsec_owner) {
  Pair pair{};
  for (const bool dnssec_ok : {false, true}) {
    BodyBuilder body{owner, flags};
    add_negative_soa(body, dnssec_ok);
    if (nsec_owner != nullptr) add_nsec(body, *nsec_owner, dnssec_ok);
    pair[dnssec_ok ? 1 : 0] = write(body);
  }
  return pair;
}

// RFC 2308 section 3: the TTL of the SOA in a negative answer is the smaller of its own and MINIMUM.
void ZoneCompiler::add_negative_soa(BodyBuilder& body, bool dnssec_ok) const {
  zone::RRset soa = zone_.nodes.at(zone_.origin).at(SOA);
  soa.ttl = std::min(soa.ttl, soa_minimum(soa.rdata.front()));
  soa.signature_ttl = std::min(soa.signature_ttl, soa.ttl);
  body.add_set(Section::Authority, zone_.origin, SOA, soa);
  if (dnssec_ok) body.add_signatures(Section::Authority, zone_.origin, soa);
}

void ZoneCompiler::add_nsec(BodyBuilder& body, const wire::Name& owner, bool dnssec_ok) const {
  const zone::Node& node = zone_.nodes.at(owner);
  const auto nsec = node.find(NSEC);
  if (!dnssec_ok || nsec == node.end()) return;
  body.add_set(Section::Authority, owner, NSEC, nsec->second);
  body.add_signatures(Section::Authority, owner, nsec->second);
}

// RFC 9471: addresses of name servers within the delegation must be there or TC is set; others are a
// courtesy.
void ZoneCompiler::add_glue(BodyBuilder& body, const wire::Name& owner, const zone::RRset& ns,
                            bool dnssec_ok) const {
  std::vector<wire::Name> others;
  for (const zone::Rdata& rdata : ns.rdata) {
    auto host = wire::Name::from_wire(rdata);
    if (!host) continue;
    if (host->is_within(owner)) {
      add_addresses(body, *host, false, dnssec_ok);
    } else {
      others.push_back(std::move(*host));
    }
  }
  body.allow_cut();
  for (const wire::Name& host : others) add_addresses(body, host, true, dnssec_ok);
}

void ZoneCompiler::add_addresses(BodyBuilder& body, const wire::Name& host, bool cuts, bool dnssec_ok) const {
  const auto node = zone_.nodes.find(host);
  if (node == zone_.nodes.end()) return;
  for (const std::uint16_t type : {A, AAAA}) {
    const auto set = node->second.find(type);
    if (set == node->second.end()) continue;
    body.add_set(Section::Additional, host, type, set->second);
    if (dnssec_ok) body.add_signatures(Section::Additional, host, set->second);
    if (cuts) body.allow_cut();
  }
}

}  // namespace imrs::image

// Digests a zone from the records that ldns has read. Called once per zone version.
#include "dns/audit/zonemd.h"

#include <openssl/evp.h>

#include <algorithm>
#include <memory>

#include "dns/audit/ldns.h"
#include "dns/wire/protocol.h"

namespace imrs::audit {
namespace {

using namespace wire::rrtype;

constexpr std::uint8_t kSimple = 1, kSha384 = 1, kSha512 = 2;

// RFC 4034 section 6.2 as corrected by RFC 6840 section 5.1: of the types that may be here and have names.
bool names_count_in_lower_case(std::uint16_t type) {
  static constexpr std::uint16_t kTypes[] = {NS, SOA, PTR, MX, SRV, RRSIG, 17, 18, 21, 26, 35, 36};
  return std::ranges::find(kTypes, type) != std::end(kTypes);
}

// One record in canonical form without its owner.
std::string canonical(const Record& record, std::uint16_t type) {
  std::string rdata;
  for (std::size_t i = 0; i < ldns_rr_rd_count(record.rr); ++i) {
    const ldns_rdf* field = ldns_rr_rdf(record.rr, i);
    const bool lower = ldns_rdf_get_type(field) == LDNS_RDF_TYPE_DNAME && names_count_in_lower_case(type);
    for (const std::uint8_t octet : octets_of(field)) {
      rdata.push_back(static_cast<char>(lower ? wire::to_lower(octet) : octet));
    }
  }
  return rdata;
}

void put(std::string& out, std::uint32_t value, int octets) {
  while (octets-- > 0) out.push_back(static_cast<char>(value >> (8 * octets)));
}

void add_records(std::string& out, const Reference& zone, std::string_view owner, std::uint16_t type,
                 std::vector<Index> records) {
  std::vector<std::pair<std::string, Index>> sorted;
  for (const Index index : records) sorted.emplace_back(canonical(zone.record(index), type), index);
  std::ranges::sort(sorted);
  for (const auto& [rdata, index] : sorted) {
    out += owner;
    put(out, type, 2);
    put(out, wire::rrclass::IN, 2);
    put(out, zone.record(index).ttl, 4);
    put(out, static_cast<std::uint32_t>(rdata.size()), 2);
    out += rdata;
  }
}

// RFC 8976 section 3.3.1: all but the apex's ZONEMD set and its signatures.
void add_entry(std::string& out, const Reference& zone, const Entry& entry) {
  const wire::Name lower = entry.name.lower();
  const std::string_view owner(reinterpret_cast<const char*>(lower.wire().data()), lower.size());
  const bool apex = entry.name == zone.origin();
  std::vector<std::pair<std::uint16_t, std::vector<Index>>> sets;
  std::vector<Index> signatures;
  for (const Index index : entry.sets) {
    const Set& set = zone.set(index);
    if (apex && set.type == ZONEMD) continue;
    sets.emplace_back(set.type, set.records);
    signatures.insert(signatures.end(), set.signatures.begin(), set.signatures.end());
  }
  sets.emplace_back(RRSIG, signatures);
  std::ranges::sort(sets);
  for (const auto& [type, records] : sets) add_records(out, zone, owner, type, records);
}

std::string digest_of(const std::string& content, const EVP_MD* hash) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  if (EVP_Digest(content.data(), content.size(), digest, &size, hash, nullptr) != 1) return {};
  return {reinterpret_cast<const char*>(digest), size};
}

}  // namespace

Result<bool> zonemd_holds(const Reference& zone) {
  const Set* set = zone.set_at(*zone.find(zone.origin()), ZONEMD);
  if (set == nullptr) return false;
  std::string content;
  bool supported = false;
  for (const Index index : set->records) {
    const std::string rdata = canonical(zone.record(index), ZONEMD);
    if (rdata.size() < 6 || rdata[4] != kSimple || (rdata[5] != kSha384 && rdata[5] != kSha512)) continue;
    supported = true;
    std::string serial;
    put(serial, zone.soa().serial, 4);
    if (!rdata.starts_with(serial)) continue;
    if (content.empty()) {
      for (const Index name : zone.names()) add_entry(content, zone, zone.entry(name));
    }
    const std::string digest = digest_of(content, rdata[5] == kSha384 ? EVP_sha384() : EVP_sha512());
    if (!digest.empty() && rdata.substr(6) == digest) return true;
  }
  if (!supported) return false;
  return Error{Errc::Refused, "zone " + zone.origin().text() + ": no ZONEMD record matches its content"};
}

}  // namespace imrs::audit

// Computes and checks ZONEMD. Called by the verifier, after DNSSEC has said that the ZONEMD record itself
// is genuine.
#include "dns/zone/zonemd.h"

#include <openssl/evp.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "dns/wire/bytes.h"
#include "dns/wire/protocol.h"
#include "dns/zone/canonical.h"

namespace imrs::zone {
namespace {

constexpr std::uint8_t kSimple = 1, kSha384 = 1, kSha512 = 2;
constexpr std::size_t kDigestOffset = 6;  // serial, scheme, hash algorithm

struct Signature {
  Rdata canonical;
  std::uint32_t ttl = 0;
};

// The RRSIGs of a node are one RRset of type 46, whatever they cover.
std::vector<Signature> signatures_of(const Node& node, bool apex) {
  std::vector<Signature> all;
  for (const auto& [type, set] : node) {
    if (apex && type == wire::rrtype::ZONEMD) continue;
    for (const Rdata& rdata : set.signatures) {
      all.push_back({canonical_rdata(wire::rrtype::RRSIG, rdata), set.signature_ttl});
    }
  }
  std::ranges::sort(all, {}, &Signature::canonical);
  return all;
}

void append_signatures(std::vector<std::uint8_t>& out, const wire::Name& owner, const Node& node, bool apex) {
  for (const Signature& signature : signatures_of(node, apex)) {
    append_canonical_rr(out, owner, wire::rrtype::RRSIG, signature.ttl, signature.canonical);
  }
}

void append_node(std::vector<std::uint8_t>& out, const wire::Name& owner, const Node& node, bool apex) {
  bool signatures_done = false;
  for (const auto& [type, set] : node) {
    if (!signatures_done && type > wire::rrtype::RRSIG) {
      append_signatures(out, owner, node, apex);
      signatures_done = true;
    }
    if (apex && type == wire::rrtype::ZONEMD) continue;
    for (const Rdata& rdata : set.rdata) {
      append_canonical_rr(out, owner, type, set.ttl, canonical_rdata(type, rdata));
    }
  }
  if (!signatures_done) append_signatures(out, owner, node, apex);
}

Error refused(const Zone& zone, std::string_view why) {
  return Error{Errc::Refused, zone.origin.text() + " ZONEMD: " + std::string(why)};
}

}  // namespace

std::vector<std::uint8_t> zonemd_digest(const Zone& zone, std::uint8_t hash) {
  const EVP_MD* type = hash == kSha384 ? EVP_sha384() : EVP_sha512();
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  EVP_DigestInit_ex(context.get(), type, nullptr);
  std::vector<std::uint8_t> buffer;
  for (const auto& [owner, node] : zone.nodes) {
    buffer.clear();
    append_node(buffer, owner, node, owner == zone.origin);
    EVP_DigestUpdate(context.get(), buffer.data(), buffer.size());
  }
  std::vector<std::uint8_t> digest(static_cast<std::size_t>(EVP_MD_get_size(type)));
  EVP_DigestFinal_ex(context.get(), digest.data(), nullptr);
  return digest;
}

Result<bool> check_zonemd(const Zone& zone, std::uint32_t soa_serial) {
  const Node& apex = zone.nodes.at(zone.origin);
  const auto found = apex.find(wire::rrtype::ZONEMD);
  if (found == apex.end() || found->second.rdata.empty()) return false;
  // Section 4 point 4: two records of one scheme and hash must not be used.
  std::map<std::pair<std::uint8_t, std::uint8_t>, int> seen;
  for (const Rdata& rdata : found->second.rdata) {
    if (rdata.size() >= kDigestOffset) ++seen[{rdata[4], rdata[5]}];
  }
  std::optional<std::string> why;  // there: a supported record does not match
  for (const Rdata& rdata : found->second.rdata) {
    if (rdata.size() < kDigestOffset) continue;
    wire::ByteReader reader(rdata);
    const std::uint32_t serial = reader.u32();
    const std::uint8_t scheme = reader.u8(), hash = reader.u8();
    if (scheme != kSimple || (hash != kSha384 && hash != kSha512)) continue;
    if (seen[{scheme, hash}] > 1) {
      why = "two records of the same scheme and hash algorithm";
    } else if (serial != soa_serial) {
      why = "is for serial " + std::to_string(serial) + ", the SOA has " + std::to_string(soa_serial);
    } else if (std::ranges::equal(zonemd_digest(zone, hash), reader.take(reader.remaining()))) {
      return true;
    } else {
      why = "the digest is not the zone's: a record was altered, added or removed";
    }
  }
  if (why) return refused(zone, *why);
  return false;
}

}  // namespace imrs::zone

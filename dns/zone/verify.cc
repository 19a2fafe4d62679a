// The gate. Called by imrs-zone for every zone it has read; nothing else can make a VerifiedZone. It
// must never let a zone pass for want of something to check it with.
#include "dns/zone/verify.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <span>

#include "dns/wire/bytes.h"
#include "dns/wire/protocol.h"
#include "dns/wire/text.h"
#include "dns/zone/canonical.h"
#include "dns/zone/dnskey.h"
#include "dns/zone/nsec.h"
#include "dns/zone/signatures.h"
#include "dns/zone/zonemd.h"

namespace imrs::zone {

using wire::rrtype::DNSKEY;
using wire::rrtype::DS;
using wire::rrtype::NS;
using wire::rrtype::NSEC;
using wire::rrtype::RRSIG;
using wire::rrtype::SOA;

class Verifier {
 public:
  Verifier(Zone zone, const std::vector<TrustAnchor>& anchors, const VerifyPolicy& policy, std::int64_t now,
           KnownSignatures& known)
      : anchors_(anchors), policy_(policy), now_(now), known_(known) {
    result_.zone_ = std::move(zone);
  }

  Result<VerifiedZone> run() && {
    if (auto ok = check_apex(); !ok) return ok.error().about("contents");
    if (auto ok = check_sets(); !ok) return ok.error().about("contents");
    if (policy_.dnssec == VerifyPolicy::Dnssec::Required) {
      if (auto ok = check_dnssec(); !ok) return ok.error().about("dnssec");
      result_.assurance_ = Assurance::Dnssec;
    }
    auto digest = check_digest();
    // A digest that matches says that its owner wants just these records, odd as they are.
    if (signed_below_ && !result_.zonemd_verified_) return signed_below_->about("dnssec");
    if (!digest) return digest.error().about("zonemd");
    find_oddities();
    return std::move(result_);
  }

 private:
  [[nodiscard]] const Zone& zone() const { return result_.zone_; }
  [[nodiscard]] const Node& apex() const { return zone().nodes.at(zone().origin); }

  [[nodiscard]] Error refused(const std::string& why) const {
    return Error{Errc::Refused, "zone " + zone().origin.text() + ": " + why};
  }

  Result<void> check_apex() {
    const auto node = zone().nodes.find(zone().origin);
    if (node == zone().nodes.end()) return refused("has no apex");
    const auto soa = node->second.find(SOA);
    if (soa == node->second.end() || soa->second.rdata.size() != 1) {
      return refused("does not have exactly one SOA");
    }
    const auto ns = node->second.find(NS);
    if (ns == node->second.end() || ns->second.rdata.empty()) return refused("has no apex NS");
    constexpr std::size_t kNumbers = 20;  // serial, refresh, retry, expire, minimum
    const std::span<const std::uint8_t> rdata(soa->second.rdata.front());
    if (rdata.size() < kNumbers) return refused("has a malformed SOA");
    wire::ByteReader reader(rdata.last(kNumbers));
    result_.serial_ = reader.u32();
    result_.refresh_ = reader.u32();
    result_.retry_ = reader.u32();
    result_.expire_ = reader.u32();
    return {};
  }

  // Signatures alone are not an RRset, whatever the policy: there is nothing to serve.
  Result<void> check_sets() {
    for (const auto& [owner, node] : zone().nodes) {
      for (const auto& [type, set] : node) {
        if (!set.rdata.empty()) continue;
        return refused(owner.text() + " has an RRSIG(" + wire::type_text(type) +
                       ") over a set that is not there");
      }
    }
    return {};
  }

  Result<void> check_dnssec() {
    std::int64_t anchored_end = 0;
    auto keys = trusted_keys(anchored_end);
    if (!keys) return keys.error();
    if (auto ok = classify(); !ok) return ok;
    auto summary = check_signatures(signed_, zone().origin, *keys, now_, known_);
    if (!summary) return summary.error().within("zone " + zone().origin.text());
    result_.signatures_verified_ = summary->verified;
    // Without an anchored key's signature over the DNSKEY set nothing else holds, whatever signed it too.
    result_.first_signature_end_ = std::min(summary->first_end, anchored_end);
    auto chain = check_nsec_chain(chain_);
    return chain ? chain : chain.error().within("zone " + zone().origin.text());
  }

  // The zone's keys, if one that an anchor names has signed them all (RFC 4035 section 5.2), and when the
  // last such signature ends.
  Result<std::vector<DnsKey>> trusted_keys(std::int64_t& anchored_end) {
    const auto found = apex().find(DNSKEY);
    if (found == apex().end() || found->second.rdata.empty()) return refused("has no DNSKEY");
    std::vector<DnsKey> keys, anchored;
    for (const Rdata& rdata : found->second.rdata) {
      auto key = DnsKey::from_rdata(rdata);
      if (!key) return refused(key.error().message);
      if (!key->usable()) continue;
      if (is_anchored(*key)) anchored.push_back(*key);
      keys.push_back(std::move(*key));
    }
    if (anchored.empty()) {
      return refused("no DNSKEY matches a trust anchor (" + anchor_tags() +
                     "); if the key was rolled, install the new anchor");
    }
    const SignedSet dnskeys{&zone().origin, DNSKEY, &found->second};
    auto summary = check_signatures({&dnskeys, 1}, zone().origin, anchored, now_, known_);
    if (!summary) {
      return refused("DNSKEY set is not signed by a trusted key: " + summary.error().message);
    }
    anchored_end = summary->first_end;
    return keys;
  }

  [[nodiscard]] bool is_anchored(const DnsKey& key) const {
    return std::ranges::any_of(anchors_, [&](const TrustAnchor& anchor) {
      if (anchor.owner != zone().origin) return false;
      return anchor.type == DNSKEY ? anchor.rdata == key.rdata()
                                   : ds_matches(anchor.rdata, zone().origin, key);
    });
  }

  [[nodiscard]] std::string anchor_tags() const {
    std::string out;
    for (const TrustAnchor& anchor : anchors_) {
      if (anchor.owner != zone().origin) continue;
      const bool is_ds = anchor.type == DS && anchor.rdata.size() >= 2;
      out += (out.empty() ? "" : ", ") +
             (is_ds ? "key " + std::to_string(wire::load_u16(anchor.rdata.data())) : std::string("a DNSKEY"));
    }
    return out.empty() ? "none is configured for this zone" : out;
  }

  // Walks the zone in canonical order and sorts every RRset into "has to be signed" and "must not be"
  // (delegation NS, glue and what is occluded: RFC 4035 section 2.2).
  Result<void> classify() {
    const wire::Name* cut = nullptr;
    for (const auto& [owner, node] : zone().nodes) {
      if (cut != nullptr && owner.is_within(*cut)) {
        expect_unsigned(owner, node);
        continue;
      }
      const bool delegation = owner != zone().origin && node.contains(NS);
      cut = delegation ? &owner : nullptr;
      if (auto ok = classify_node(owner, node, delegation); !ok) return ok;
    }
    return {};
  }

  void expect_unsigned(const wire::Name& owner, const Node& node) {
    for (const auto& [type, set] : node) {
      if (signed_below_ || (set.signatures.empty() && type != NSEC)) continue;
      signed_below_ = refused(owner.text() + " " + wire::type_text(type) +
                              " lies below a delegation and yet is signed");
    }
  }

  static bool is_before(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b) noexcept {
    return wire::canonical_compare(a, b) < 0;
  }

  // Of all name servers, in canonical order.
  [[nodiscard]] std::vector<std::span<const std::uint8_t>> server_names() const {
    std::vector<std::span<const std::uint8_t>> names;
    for (const auto& [owner, node] : zone().nodes) {
      const auto ns = node.find(NS);
      if (ns == node.end()) continue;
      for (const Rdata& rdata : ns->second.rdata) {
        if (well_formed(NS, rdata)) names.emplace_back(rdata);
      }
    }
    std::ranges::sort(names, is_before);
    return names;
  }

  // What lies below delegations and is no glue, or glue that no name server of the zone has.
  void find_oddities() {
    const auto servers = server_names();
    std::size_t occluded = 0, orphans = 0;
    std::string one;
    const wire::Name* cut = nullptr;
    for (const auto& [owner, node] : zone().nodes) {
      if (cut == nullptr || !owner.is_within(*cut)) {
        cut = owner != zone().origin && node.contains(NS) ? &owner : nullptr;
        continue;
      }
      const bool glue = std::ranges::all_of(node, [](const auto& typed) {
        return (typed.first == wire::rrtype::A || typed.first == wire::rrtype::AAAA) &&
               typed.second.signatures.empty();
      });
      if (glue && std::ranges::binary_search(servers, owner.wire(), is_before)) continue;
      ++(glue ? orphans : occluded);
      if (one.empty()) one = owner.text();
    }
    if (occluded + orphans == 0) return;
    result_.oddities_ = std::to_string(occluded) + " names with occluded records and " +
                        std::to_string(orphans) + " with orphan glue (" + one +
                        " is one): they are served around";
  }

  Result<void> classify_node(const wire::Name& owner, const Node& node, bool delegation) {
    ChainLink link{&owner, &node, {RRSIG, NSEC}};
    for (const auto& [type, set] : node) {
      const bool to_sign = !delegation || type == DS || type == NSEC;
      if (to_sign) signed_.push_back({&owner, type, &set});
      if (!to_sign && !set.signatures.empty()) {
        return refused(owner.text() + " " + wire::type_text(type) + " at a delegation is signed");
      }
      if (to_sign || type == NS) link.types.insert(type);
    }
    chain_.push_back(std::move(link));
    return {};
  }

  Result<void> check_digest() {
    if (policy_.zonemd == VerifyPolicy::Zonemd::None) return {};
    auto matched = check_zonemd(zone(), result_.serial_);
    if (!matched) return matched.error().within("zone " + zone().origin.text());
    result_.zonemd_verified_ = *matched;
    if (!*matched && policy_.zonemd == VerifyPolicy::Zonemd::Required) {
      return refused(
          "has no ZONEMD of a supported scheme and hash algorithm, and the configuration "
          "requires one");
    }
    return {};
  }

  const std::vector<TrustAnchor>& anchors_;
  const VerifyPolicy& policy_;
  std::int64_t now_;
  KnownSignatures& known_;
  VerifiedZone result_;
  std::vector<SignedSet> signed_;
  std::vector<ChainLink> chain_;
  std::optional<Error> signed_below_;  // the first
};

Result<VerifiedZone> verify(Zone zone, const std::vector<TrustAnchor>& anchors, const VerifyPolicy& policy,
                            std::int64_t now, KnownSignatures* known) {
  KnownSignatures none;
  KnownSignatures& memory = known != nullptr ? *known : none;
  auto verified = Verifier(std::move(zone), anchors, policy, now, memory).run();
  if (verified) {
    memory.keep();
  } else {
    memory.drop();
  }
  return verified;
}

}  // namespace imrs::zone

// dns/zone/verify.h
// The gate between what somebody sent and what may be served: DNSSEC (RFC 4033-4035, 5702, 6605,
// 8080; algorithms 8, 13, 14, 15) and ZONEMD (RFC 8976). Pure: the clock is an argument.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "agent/base/result.h"
#include "dns/zone/known_signatures.h"
#include "dns/zone/verified_zone.h"

namespace imrs::zone {

// A DS or DNSKEY that the operator trusts for one zone.
struct TrustAnchor {
  wire::Name owner;
  std::uint16_t type = 0;  // DS or DNSKEY
  Rdata rdata;
};

// Reads a file of DS and/or DNSKEY records in presentation form (as Debian's dns-root-data has), by
// ldns. Refuses a file without any, and other record types; names file and line.
[[nodiscard]] Result<std::vector<TrustAnchor>> load_trust_anchors(const std::string& path);

struct VerifyPolicy {
  enum class Dnssec { Required, None } dnssec = Dnssec::Required;
  enum class Zonemd { Required, IfPresent, None } zonemd = Zonemd::IfPresent;
};

// Checks, in this order, and names the record, the RRSIG (type, key tag, dates) and the reason in the error
// (and in its topic: "contents", "dnssec" or "zonemd"): apex SOA/NS there; no RRSIG over a set that is not
// there; a DNSKEY chains to an anchor; every authoritative RRset (delegation NS and glue are not) has a
// valid RRSIG by an apex key, for its TTL and within its dates at `now`; no signature of anything over
// delegation NS, nor, unless a ZONEMD vouches for it, over what lies below; the NSEC chain holds exactly
// the authoritative names and delegations in canonical order with right type bitmaps and closes at the
// apex; ZONEMD digest and serial match. `now`: Unix time. `known`: of earlier versions of the zone, and
// then of this one if it is good; null: none.
[[nodiscard]] Result<VerifiedZone> verify(Zone zone, const std::vector<TrustAnchor>& anchors,
                                          const VerifyPolicy& policy, std::int64_t now,
                                          KnownSignatures* known = nullptr);

}  // namespace imrs::zone

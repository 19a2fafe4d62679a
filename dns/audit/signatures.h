// dns/audit/signatures.h
// Whether a zone's signatures hold, by ldns.
#pragma once

#include <cstdint>

#include "agent/base/result.h"
#include "dns/audit/reference.h"

namespace imrs::audit {

struct SignatureReport {
  std::uint32_t verified = 0;
  std::int64_t first_end = 0;  // Unix time until which every set has a valid signature
};

// The DNSKEY set is signed by a key that one of `anchors` (DS, DNSKEY) names, and every authoritative set
// (delegation NS and glue are not) by one of its keys, for its TTL, within the signature's dates at `now`
// (Unix time). A signature by one of the keys that does not verify is an error; those by other keys, or
// outside their dates, neither help nor hurt. Each signature is verified once.
[[nodiscard]] Result<SignatureReport> check_signatures(const Reference& zone, const Records& anchors,
                                                       std::int64_t now);

// Loads what check_signatures() needs, for a process that will be able to open no file.
void prepare_signatures();

}  // namespace imrs::audit

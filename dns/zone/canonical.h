// dns/zone/canonical.h
// Canonical forms of RFC 4034 section 6: what is signed, and what ZONEMD digests.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "dns/wire/name.h"
#include "dns/zone/zone.h"

namespace imrs::zone {

// Rdata with the domain names of the types listed in RFC 4034 section 6.2 (as corrected by RFC 6840
// section 5.1: not NSEC) in lower case. `rdata` must be well formed; what is not is returned as it is.
[[nodiscard]] Rdata canonical_rdata(std::uint16_t type, const Rdata& rdata);

// True if the rdata can be read as its type: the names in it end where they should. Types this does
// not know are taken as opaque (RFC 3597).
[[nodiscard]] bool well_formed(std::uint16_t type, std::span<const std::uint8_t> rdata);

// Appends "owner | type | class IN | ttl | rdlength | rdata", owner in lower case.
void append_canonical_rr(std::vector<std::uint8_t>& out, const wire::Name& owner, std::uint16_t type,
                         std::uint32_t ttl, const Rdata& canonical);

}  // namespace imrs::zone

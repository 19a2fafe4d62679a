// dns/zone/zonemd.h
// The zone's own digest, RFC 8976: scheme 1 (SIMPLE), hash algorithms 1 (SHA-384) and 2 (SHA-512).
#pragma once

#include <cstdint>
#include <vector>

#include "agent/base/result.h"
#include "dns/zone/zone.h"

namespace imrs::zone {

// RFC 8976 section 3.3: over all records but the apex ZONEMD RRset and its RRSIGs.
[[nodiscard]] std::vector<std::uint8_t> zonemd_digest(const Zone& zone, std::uint8_t hash);

// RFC 8976 section 4. True: a ZONEMD of a supported scheme and hash algorithm matches. False: the zone has
// none of these, so there is nothing to verify it by. Error: there are some and none of them matches; says
// why.
[[nodiscard]] Result<bool> check_zonemd(const Zone& zone, std::uint32_t soa_serial);

}  // namespace imrs::zone

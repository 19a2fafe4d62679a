// dns/audit/zonemd.h
// The digest of a whole zone (RFC 8976).
#pragma once

#include "agent/base/result.h"
#include "dns/audit/reference.h"

namespace imrs::audit {

// True if a ZONEMD record of scheme SIMPLE and SHA-384 or SHA-512 with the SOA's serial has the zone's
// digest; false if there is none of such kind; an error if there are, and none matches.
[[nodiscard]] Result<bool> zonemd_holds(const Reference& zone);

}  // namespace imrs::audit

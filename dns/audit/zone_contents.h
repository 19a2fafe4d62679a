// dns/audit/zone_contents.h
// The records of an image's zones as they travel to the auditor. For each zone, one after the other up to the
// end: the origin as a wire name, the number of records (32 bits), and each record in uncompressed wire form
// (owner, type, class, TTL, rdlength, rdata), RRSIGs among them. Numbers in network order. Written by
// dns/pipeline/contents.h.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "agent/base/result.h"
#include "dns/audit/records.h"

namespace imrs::audit {

inline constexpr std::size_t kMaxContents = 128U << 20;  // octets; the root zone takes about 2 MB

// Safe on any octets. The error names the zone and the record; `secure` and `check_zonemd` of the zones are
// left as they are by default.
[[nodiscard]] Result<std::vector<ZoneInput>> read_zone_contents(std::span<const std::uint8_t> octets);

}  // namespace imrs::audit

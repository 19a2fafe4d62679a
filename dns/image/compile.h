// dns/image/compile.h
// Verified zones in, one answer image out: every answer as finished wire octets. Pure and
// deterministic: the same zones give the same octets.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "agent/base/result.h"
#include "dns/zone/verified_zone.h"

namespace imrs::image {

// Refuses, naming the record, what these zones never hold and the layout cannot answer: CNAME, DNAME,
// wildcard owners, NSEC3, two zones with one origin, names too long for the index.
[[nodiscard]] Result<std::vector<std::uint8_t>> compile(std::span<const zone::VerifiedZone* const> zones);

}  // namespace imrs::image

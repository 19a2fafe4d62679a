// dns/pipeline/contents.h
// The records of verified zones, for the auditor.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "dns/zone/verified_zone.h"

namespace imrs::pipeline {

// In the form of dns/audit/zone_contents.h.
[[nodiscard]] std::vector<std::uint8_t> zone_contents(std::span<const zone::VerifiedZone* const> zones);

}  // namespace imrs::pipeline

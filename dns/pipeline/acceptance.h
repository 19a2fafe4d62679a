// dns/pipeline/acceptance.h
// Whether a version that is genuine may also replace the one that is served. Pure.
#pragma once

#include <cstdint>
#include <optional>

#include "agent/base/result.h"
#include "agent/config/config.h"
#include "dns/zone/zone.h"

namespace imrs::pipeline {

// Errc::Refused: `serial` is older than `served` (RFC 1982; exactly 2^31 apart counts as older), and the
// operator has not named it as the zone's accept_serial.
[[nodiscard]] Result<void> check_serial(const ZoneConfig& config, std::uint32_t serial,
                                        std::optional<std::uint32_t> served);

// Errc::Refused: of the delegations of `current`, more than the zone's most_removed percent are gone in
// `candidate`, whose serial is `serial`, and the operator has not named it. Says how many, and one of them.
[[nodiscard]] Result<void> check_removed(const ZoneConfig& config, const zone::Zone& current,
                                         const zone::Zone& candidate, std::uint32_t serial);
// The same while what is served is not at hand: by the number of its delegations, the configuration's
// served_delegations; there is nothing to say without that.
[[nodiscard]] Result<void> check_removed(const ZoneConfig& config, const zone::Zone& candidate,
                                         std::uint32_t serial);

}  // namespace imrs::pipeline

// dns/pipeline/summary.h
// A verified zone in one line, for the operator.
#pragma once

#include <string>

#include "dns/zone/verified_zone.h"

namespace imrs::pipeline {

// "zone . serial 2026112400: 2884 RRsets, 1500 signatures verified, first ends ..., ZONEMD verified"
[[nodiscard]] std::string summary_of(const zone::VerifiedZone& zone);

}  // namespace imrs::pipeline

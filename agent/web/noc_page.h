// agent/web/noc_page.h
// The page for the host's NOC: is this instance announcing, to whom, and if not, why. Pure. Of
// queries it shows only how many. The same as JSON: bgp_json.h.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "agent/snapshot/snapshot.h"
#include "agent/web/telemetry.h"

namespace imrs::web {

// `now_ms`: Unix time in ms. `bird_zone`: the time zone of BIRD's clock ("UTC"), put after the times that
// BIRD prints without one.
[[nodiscard]] std::string noc_page(const Snapshot& snapshot, const Telemetry& telemetry, std::int64_t now_ms,
                                   std::string_view bird_zone);

}  // namespace imrs::web

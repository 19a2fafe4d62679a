// agent/web/attack_section.h
// What the traffic of the last ten seconds looks like, for the ops page: a verdict, rates, the top types and
// labels, what is limited, and the load of the link. Pure; complete without JavaScript; no client's address.
#pragma once

#include <cstdint>
#include <string>

#include "agent/counts/signs.h"
#include "agent/web/telemetry.h"

namespace imrs::web {

// What imrs-web knows of the last step; what only imrsctl can read (the kernel's sockets) is unknown.
[[nodiscard]] counts::Rates rates_of(const Telemetry& telemetry);

// HTML: a heading and what belongs to it.
[[nodiscard]] std::string attack_section(const Telemetry& telemetry, std::int64_t now_ms);

// Of "link.in" or "link.out": the bits a second and their share of what the appliance is made for, as text.
[[nodiscard]] std::string link_load(const Telemetry& telemetry, const std::string& name);

}  // namespace imrs::web

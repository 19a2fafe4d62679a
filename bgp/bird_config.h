// bgp/bird_config.h
// BIRD's whole configuration, made from agent.json. Pure: the same configuration gives the same text.
#pragma once

#include <string>

#include "agent/config/config.h"

namespace imrs::bgp {

// For BIRD 2.0.12 and later. Announces nothing by itself: every static protocol starts `disabled`, goes
// `via` the service device with `check link`; exports exactly the configured prefixes; imports nothing;
// never touches the kernel's routes. Holds the neighbours' passwords: keep the file readable by BIRD
// alone.
[[nodiscard]] std::string bird_config(const Config& config);

}  // namespace imrs::bgp

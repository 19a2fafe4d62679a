// agent/report.h
// The snapshot that imrs-web shows, and the alarms in it. Pure.
#pragma once

#include <string>
#include <vector>

#include "agent/config/config.h"
#include "agent/snapshot/snapshot.h"
#include "bgp/speaker.h"

namespace imrs::agent {

// What the configuration knows of each neighbour, joined with what BIRD says of its session.
[[nodiscard]] BgpState bgp_state(const BgpConfig& config, const bgp::Observed& observed);

// What an engineer would want to know of unasked, in words, the gravest first. Empty: all is well.
[[nodiscard]] std::vector<std::string> alarms(const Snapshot& snapshot);

}  // namespace imrs::agent

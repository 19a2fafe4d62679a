// agent/ctl/render.h
// What imrsctl prints of the agent's state. Pure.
#pragma once

#include <string>
#include <vector>

#include "agent/snapshot/snapshot.h"

namespace imrs::ctl {

// Decision, prefixes, sessions, programs and alarms, in some lines.
// `colour`: with the terminal's colours.
[[nodiscard]] std::string status_text(const Snapshot& snapshot, bool colour = false);

// Everything that can be announced is announced to everybody, and its neighbours have it.
[[nodiscard]] bool is_healthy(const Snapshot& snapshot);

// Sessions: state, since when, what was said, what is announced.
[[nodiscard]] std::string bgp_text(const Snapshot& snapshot);
[[nodiscard]] std::string bgp_json(const Snapshot& snapshot);

// What is probed, and what came of it.
[[nodiscard]] std::string probes_text(const Snapshot& snapshot);
[[nodiscard]] std::string probes_json(const Snapshot& snapshot);

// One line each, oldest first.
[[nodiscard]] std::string history_text(const std::vector<HistoryEntry>& history);

// Each zone, or the one called `origin` (empty: all): serial, age, where it came from, primaries, times.
// Empty if there is no such zone.
[[nodiscard]] std::string zone_text(const Snapshot& snapshot, const std::string& origin);

// The same as JSON text; "null" if there is no such zone.
[[nodiscard]] std::string zone_json(const Snapshot& snapshot, const std::string& origin);

}  // namespace imrs::ctl

// agent/web/bgp_json.h
// GET /api/bgp: the NOC page for programs. Pure. One JSON object; members are only ever added:
//
//   identity, appliance, kind   text
//   time                        when the agent made this state, RFC 3339 UTC
//   age_seconds                 number; the agent reports every second
//   stale                       true if older than 5 seconds: do not rely on the rest
//   verdict                     {level: "good" | "warning" | "bad" | "unknown", headline, details: [text]}
//   bird                        {connected: bool, error: text}
//   families                    [{family: "ipv4" | "ipv6", neighbour: session name or "",
//                                 order: "none" | "drain" | "drained" | "withdraw",
//                                 phase: "down" | "rising" | "up" | "falling",
//                                 announce: bool, reason: text, since: RFC 3339 UTC}]; one for each
//                                 neighbour
//   sessions                    [{name, family, neighbour, neighbour_as, local_as,
//                                 state: BGP state as BIRD names it, established: bool,
//                                 since: as BIRD prints it, in the zone of its clock,
//                                 last_error: as BIRD says it, last_error_meaning: in words,
//                                 message: RFC 9003 text from the neighbour,
//                                 announced: [prefix], withdrawn: [{prefix, reason}]}]
//   prefixes                    [{prefix, family, neighbour: session name,
//                                 role: "specific" | "covering", wanted: bool,
//                                 exported: bool, exported_to: [session name]}]
//   traffic                     {receive_bits_per_second, transmit_bits_per_second: of the last ten
//                                 seconds, null if not known; queries, responses, dns_bytes: since the
//                                 agent started; interfaces: [{device, receive_bytes, transmit_bytes,
//                                 receive_drops}]}
//   history                     [{time: RFC 3339 UTC, what: "decision" | "bird" | "order" | "engine" |
//                                 "program", text}], the newest few, oldest first
//
// The same as JSON Schema: agent/web/assets/bgp.schema.json. Texts are empty where there is nothing to say.
// Before the first state of the agent: status 503 and {error: text}.
#pragma once

#include <cstdint>
#include <string>

#include "agent/snapshot/snapshot.h"
#include "agent/web/telemetry.h"

namespace imrs::web {

[[nodiscard]] std::string bgp_json(const Snapshot& snapshot, const Telemetry& telemetry, std::int64_t now_ms);

}  // namespace imrs::web

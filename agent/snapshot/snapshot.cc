// Snapshot to JSON and back. Called by the agent (writing) and imrs-web (reading). Member names are those
// of the structures.
#include "agent/snapshot/snapshot.h"

#include <nlohmann/json.hpp>

namespace imrs {

NLOHMANN_JSON_SERIALIZE_ENUM(Family, {{Family::V4, "ipv4"}, {Family::V6, "ipv6"}})
NLOHMANN_JSON_SERIALIZE_ENUM(Transport, {{Transport::Udp, "udp"}, {Transport::Tcp, "tcp"}})
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(PrefixState, prefix, role, wanted, exported)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(DecisionState, family, neighbour, phase, overlay, announce, reason,
                                   since_ms, prefixes)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(SessionState, name, family, neighbour, neighbour_as, local_as, state,
                                   since, last_error, message, exported)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(BgpState, bird_connected, bird_error, sessions)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(PrimaryState, primary, result, serial, reason, asked_ms)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(RefusalCount, reason, count)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(LoadState, transfer, verify, compile, audit, swap)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(ZoneState, origin, serial, loaded_ms, first_signature_end, expire,
                                   dnssec_verified, zonemd_verified, last_attempt, last_source, last_serial,
                                   last_reason, last_attempt_ms, next_attempt_ms, axfr_octets, confirmed,
                                   primaries, refusals)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(ProbeState, service, family, transport, worker, last, right, wrong, silent,
                                   crowded_out, could_not_ask)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(ProgramState, name, pid, restarts)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(LinkState, device, carrier, receive_bytes, transmit_bytes, receive_packets,
                                   transmit_packets, receive_drops)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(HistoryEntry, time_ms, what, text)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Snapshot, time_ms, identity, kind, appliance, version, started_ms,
                                   image_generation, image_digest, decisions, bgp, zones, load, probes,
                                   programs, links, clock_synchronised, alarms, history)

std::string_view to_string(Topic topic) {
  switch (topic) {
    case Topic::Decision: return "decision";
    case Topic::Bird: return "bird";
    case Topic::Order: return "order";
    case Topic::Engine: return "engine";
    case Topic::Program: break;
  }
  return "program";
}

std::string to_json(const Snapshot& snapshot) {
  // Text from a neighbour may hold anything; what is not UTF-8 is replaced.
  return nlohmann::json(snapshot).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

Result<Snapshot> snapshot_from_json(std::string_view text) {
  try {
    return nlohmann::json::parse(text).get<Snapshot>();
  } catch (const nlohmann::json::exception& error) {
    return Error{Errc::InvalidInput, std::string("not a snapshot: ") + error.what()};
  }
}

std::string history_json(std::span<const HistoryEntry> history) {
  return nlohmann::json(std::vector<HistoryEntry>(history.begin(), history.end()))
      .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

Result<std::vector<HistoryEntry>> history_from_json(std::string_view text) {
  try {
    return nlohmann::json::parse(text).get<std::vector<HistoryEntry>>();
  } catch (const nlohmann::json::exception& error) {
    return Error{Errc::InvalidInput, std::string("not a history: ") + error.what()};
  }
}

}  // namespace imrs

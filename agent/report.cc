// What the agent says of itself. Called by the supervisor for each snapshot. It must hold no secret: the
// neighbours' passwords stay in the configuration.
#include "agent/report.h"

#include <fmt/format.h>

#include <algorithm>

namespace imrs::agent {
namespace {

// The cause of what follows: sessions, decisions and primaries cannot be well without it.
void add_links(const Snapshot& snapshot, std::vector<std::string>& out) {
  for (const LinkState& link : snapshot.links) {
    if (link.carrier) continue;
    out.push_back(
        fmt::format("the link {} is down: is its cable plugged in, and the host's port up? All comes "
                    "back by itself when it is",
                    link.device));
  }
}

void add_routing(const Snapshot& snapshot, std::vector<std::string>& out) {
  for (const DecisionState& family : snapshot.decisions) {
    const std::string to = family.neighbour.empty() ? "anybody" : family.neighbour;
    if (!family.announce) {
      out.push_back(
          fmt::format("{} is not announced to {}: {}", to_string(family.family), to, family.reason));
    } else if (family.overlay != "none") {
      out.push_back(fmt::format("{} to {} is {}", to_string(family.family), to, family.reason));
    }
  }
  if (!snapshot.bgp.bird_connected) out.push_back("BIRD: " + snapshot.bgp.bird_error);
  if (snapshot.bgp.bird_connected && !snapshot.bgp.bird_error.empty()) {
    out.push_back("BIRD: " + snapshot.bgp.bird_error);
  }
  for (const SessionState& session : snapshot.bgp.sessions) {
    if (session.state == "Established") continue;
    out.push_back(fmt::format("session {} with {} is {}{}{}", session.name, session.neighbour, session.state,
                              session.last_error.empty() ? "" : ": ", session.last_error));
  }
}

void add_zones(const Snapshot& snapshot, std::vector<std::string>& out) {
  for (const ZoneState& zone : snapshot.zones) {
    if (zone.last_attempt == "unchanged" && zone.last_serial != zone.serial) {
      out.push_back(fmt::format("zone {}: serial {} is verified, but {} is served", zone.origin,
                                zone.last_serial, zone.serial));
    }
    if (zone.last_attempt != "refused" && zone.last_attempt != "unreachable") continue;
    out.push_back(fmt::format("zone {} from {} {}: {}", zone.origin, zone.last_source, zone.last_attempt,
                              zone.last_reason));
  }
}

void add_probes(const Snapshot& snapshot, std::vector<std::string>& out) {
  for (const ProbeState& probe : snapshot.probes) {
    if (probe.last.empty() || probe.last == "right") continue;
    out.push_back(fmt::format("probe {} {} worker {}: {}", to_string(probe.transport), probe.service,
                              probe.worker, probe.last));
  }
}

}  // namespace

BgpState bgp_state(const BgpConfig& config, const bgp::Observed& observed) {
  BgpState state{.bird_connected = observed.connected, .bird_error = observed.error, .sessions = {}};
  for (const NeighbourConfig& neighbour : config.neighbours) {
    const auto found = std::ranges::find(observed.sessions, neighbour.name, &bgp::SessionObserved::name);
    const bgp::SessionObserved session = found == observed.sessions.end() ? bgp::SessionObserved{} : *found;
    state.sessions.push_back({.name = neighbour.name,
                              .family = neighbour.address.family,
                              .neighbour = neighbour.address.text,
                              .neighbour_as = neighbour.as,
                              .local_as = config.local_as,
                              .state = session.state,
                              .since = session.since,
                              .last_error = session.last_error,
                              .message = session.message,
                              .exported = session.exported});
  }
  return state;
}

std::vector<std::string> alarms(const Snapshot& snapshot) {
  std::vector<std::string> out;
  add_links(snapshot, out);
  add_routing(snapshot, out);
  add_zones(snapshot, out);
  add_probes(snapshot, out);
  for (const ProgramState& program : snapshot.programs) {
    if (program.pid == 0) out.push_back(program.name + " is not running");
  }
  return out;
}

}  // namespace imrs::agent

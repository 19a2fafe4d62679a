// Judges sessions, exports and the host's filters. Called by checks.cc with the agent's snapshot.
#include "agent/preflight/bgp_points.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/preflight/words.h"

namespace imrs::preflight {
namespace {

constexpr const char* kEstablished = "Established";

const SessionState* find(const Snapshot& snapshot, const NeighbourConfig& neighbour) {
  const auto found = std::ranges::find(snapshot.bgp.sessions, neighbour.name, &SessionState::name);
  return found == snapshot.bgp.sessions.end() ? nullptr : &*found;
}

std::string session_text(const NeighbourConfig& neighbour, const SessionState* session) {
  if (session == nullptr) return neighbour.name + ": BIRD has no such session";
  std::string text = fmt::format("{} with {} AS {}: {}", neighbour.name, neighbour.address.text, neighbour.as,
                                 session->state);
  if (!session->last_error.empty()) text += ", " + session->last_error;
  if (!session->message.empty()) text += ", they say \"" + session->message + "\"";
  return text;
}

Finding no_agent(const Result<Snapshot>& snapshot) {
  return unknown(snapshot.error().message, "start imrs-agent, and ask again");
}

Finding no_bird(const Snapshot& snapshot) {
  return fail("BIRD cannot be asked: " + snapshot.bgp.bird_error, "systemctl status imrs-bird");
}

// The configured prefixes of the neighbour's family that it does not have.
std::vector<std::string> missing(const NeighbourConfig& neighbour, std::span<const Prefix> prefixes,
                                 const SessionState* session) {
  std::vector<std::string> out;
  for (const Prefix& prefix : prefixes) {
    if (prefix.family != neighbour.address.family) continue;
    if (session == nullptr || std::ranges::find(session->exported, prefix.text) == session->exported.end()) {
      out.push_back(prefix.text);
    }
  }
  return out;
}

// The configured prefixes of that family, if there is no neighbour to have them.
std::vector<std::string> without_neighbour(Family family, std::span<const NeighbourConfig> neighbours,
                                           std::span<const Prefix> prefixes) {
  const auto is_of_it = [&](const NeighbourConfig& one) { return one.address.family == family; };
  std::vector<std::string> out;
  if (std::ranges::any_of(neighbours, is_of_it)) return out;
  for (const Prefix& prefix : prefixes) {
    if (prefix.family == family) out.push_back(prefix.text);
  }
  return out;
}

// Why, as the decision about the neighbour has it.
std::string reason(const Snapshot& snapshot, const NeighbourConfig& neighbour) {
  const auto found = std::ranges::find(snapshot.decisions, neighbour.name, &DecisionState::neighbour);
  return found == snapshot.decisions.end() || found->reason.empty() ? "" : " (" + found->reason + ")";
}

bool is_ordered(const Snapshot& snapshot) {
  return std::ranges::any_of(snapshot.decisions, [](const DecisionState& decision) {
    return !decision.overlay.empty() && decision.overlay != "none";
  });
}

std::string came_in_text(const SpoofFacts& facts) {
  std::string text = "the firewall here is not loaded, or cannot be asked what came in";
  if (facts.forged) {
    text = fmt::format("came in from outside: {} packets from addresses of this machine, {} from nobody's",
                       facts.forged->own, facts.forged->nobody);
  }
  if (facts.reverse_path_drops > 0) {
    text += fmt::format(", {} that rp_filter has dropped", facts.reverse_path_drops);
  }
  return text;
}

}  // namespace

Finding judge_sessions(std::span<const NeighbourConfig> neighbours, const Result<Snapshot>& snapshot) {
  if (!snapshot) return no_agent(snapshot);
  if (!snapshot->bgp.bird_connected) return no_bird(*snapshot);
  std::vector<std::string> up, down;
  for (const NeighbourConfig& neighbour : neighbours) {
    const SessionState* const session = find(*snapshot, neighbour);
    const bool established = session != nullptr && session->state == kEstablished;
    (established ? up : down).push_back(session_text(neighbour, session));
  }
  if (down.empty()) return pass(joined(up, "; "));
  return fail(joined(down, "; "), "imrsctl bgp; the NOC page has the host's side of the configuration");
}

Finding judge_exports(std::span<const NeighbourConfig> neighbours, std::span<const Prefix> prefixes,
                      const Result<Snapshot>& snapshot) {
  if (!snapshot) return no_agent(snapshot);
  if (!snapshot->bgp.bird_connected) return no_bird(*snapshot);
  std::vector<std::string> complete, lacking, remedies;
  for (const NeighbourConfig& neighbour : neighbours) {
    const auto without = missing(neighbour, prefixes, find(*snapshot, neighbour));
    if (without.empty()) {
      complete.push_back(neighbour.name);
    } else {
      lacking.push_back(neighbour.name + " lacks " + joined(without) + reason(*snapshot, neighbour));
    }
  }
  if (!lacking.empty()) {
    remedies.emplace_back(is_ordered(*snapshot) ? "imrsctl resume, if that was to be"
                                                : "imrsctl status says what holds it back");
  }
  for (const Family family : kFamilies) {
    const auto without = without_neighbour(family, neighbours, prefixes);
    if (without.empty()) continue;
    const std::string_view name = family_name(family);
    lacking.push_back(fmt::format("nobody has {}: no {} neighbour is configured", joined(without), name));
    remedies.push_back(fmt::format("agree with the host on an {} session: see both-families", name));
  }
  if (lacking.empty()) {
    return pass(fmt::format("all {} prefixes, each of its family: {}", prefixes.size(), joined(complete)));
  }
  return fail(joined(lacking, "; "), joined(remedies, "; "));
}

Finding judge_source_filter(const SpoofFacts& facts) {
  const std::string seen = came_in_text(facts);
  if (facts.forged && facts.forged->own + facts.forged->nobody > 0) {
    return fail(seen,
                "show this to the host: packets with such a source must not pass its edge (BCP 38, BCP 84)");
  }
  if (!facts.test) {
    return unknown(
        "nothing forged was sent: that is only done when asked for; " + seen,
        "imrsctl preflight --only source-filter --spoof-test ADDRESS, of a machine of yours outside of "
        "the host's network; and ask the host for its filters (BCP 38, BCP 84)");
  }
  const SpoofTest& test = *facts.test;
  if (!test.error.empty()) {
    return unknown(
        fmt::format("nothing forged was sent to {}: {}", test.target, test.error),
        fmt::format("run this as root; this machine's own firewall forbids it too: nft insert rule inet "
                    "imrs output udp dport {} accept, and afterwards systemctl reload imrs-firewall",
                    test.port));
  }
  return unknown(fmt::format("sent to {} port {}: datagrams from {}, and others that claim to be from {}; {}",
                             test.target, test.port, test.honest, test.forged, seen),
                 fmt::format("what did \"tcpdump -n -l -A udp port {} | grep {}\" show there meanwhile? \"{} "
                             "honest\" has to come, \"{} forged\" must not",
                             test.port, test.mark, test.mark, test.mark));
}

}  // namespace imrs::preflight

// Judges whether a configuration has proved itself. Called by `imrsctl config apply`. It goes by what BIRD
// exports, not by the decision alone: with a wrong password the answers are right and nobody hears of them.
#include "agent/ctl/config_watch.h"

#include <fmt/format.h>

#include <algorithm>

namespace imrs::ctl {
namespace {

bool is_up(const DecisionState& decision) { return decision.phase == "up" || decision.phase == "falling"; }

// Everything that is to be announced is, and it is something.
bool announces(const DecisionState& decision) {
  return decision.announce && std::ranges::all_of(decision.prefixes, [](const PrefixState& prefix) {
           return !prefix.wanted || prefix.exported;
         });
}

const DecisionState* find(const Snapshot& snapshot, const std::string& neighbour, Family family) {
  const auto found = std::ranges::find_if(snapshot.decisions, [&](const DecisionState& decision) {
    return decision.neighbour == neighbour && decision.family == family;
  });
  return found == snapshot.decisions.end() ? nullptr : &*found;
}

bool is_configured(const Config& config, const Standing& one) {
  return std::ranges::any_of(config.bgp.neighbours, [&](const NeighbourConfig& neighbour) {
    return neighbour.name == one.neighbour && neighbour.address.family == one.family;
  });
}

bool has_family(const Config& config, Family family) {
  return std::ranges::any_of(config.bgp.neighbours, [&](const NeighbourConfig& neighbour) {
    return neighbour.address.family == family;
  });
}

// Empty: it stands as it did.
std::string fault_of(const Standing& before, const Snapshot& now) {
  const DecisionState* const decision = find(now, before.neighbour, before.family);
  if (decision == nullptr) return fmt::format("{}: the agent does not know it", before.neighbour);
  if (!is_up(*decision)) {
    return fmt::format("{}: {}, {}", before.neighbour, decision->phase, decision->reason);
  }
  if (!before.announcing || announces(*decision)) return {};
  const auto session = std::ranges::find(now.bgp.sessions, before.neighbour, &SessionState::name);
  const std::string state = session == now.bgp.sessions.end() ? "unknown" : session->state;
  return fmt::format("{}: not everything is announced (session {})", before.neighbour, state);
}

// In place of one that is not configured any more.
std::string fault_of_family(const Standing& before, const Snapshot& now) {
  const bool stands = std::ranges::any_of(now.decisions, [&](const DecisionState& decision) {
    return decision.family == before.family && !decision.neighbour.empty() && is_up(decision) &&
           (!before.announcing || announces(decision));
  });
  if (stands) return {};
  return fmt::format("{} is gone from the configuration, and no other neighbour of {} stands in for it",
                     before.neighbour, to_string(before.family));
}

// Images have all zones or are none: with one that cannot be had what is served would never be confirmed
// again, and expire.
std::string fault_of_zone(const ZoneState& zone) {
  return fmt::format("zone {} is not served{}{}", zone.origin, zone.last_reason.empty() ? "" : ": ",
                     zone.last_reason);
}

}  // namespace

std::vector<Standing> standing_of(const Snapshot& snapshot) {
  std::vector<Standing> out;
  for (const DecisionState& decision : snapshot.decisions) {
    if (decision.neighbour.empty() || !is_up(decision)) continue;
    out.push_back({decision.neighbour, decision.family, announces(decision)});
  }
  return out;
}

std::vector<std::string> not_back(const std::vector<Standing>& before, const Snapshot& now,
                                  const Config& after) {
  std::vector<std::string> out;
  for (const Standing& one : before) {
    std::string fault;
    if (is_configured(after, one)) {
      fault = fault_of(one, now);
    } else if (has_family(after, one.family)) {
      fault = fault_of_family(one, now);
    }
    if (!fault.empty()) out.push_back(std::move(fault));
  }
  if (before.empty()) return out;
  for (const ZoneState& zone : now.zones) {
    if (zone.loaded_ms == 0) out.push_back(fault_of_zone(zone));
  }
  return out;
}

Watch::Verdict Watch::see(const std::optional<Snapshot>& snapshot, std::string_view why,
                          Clock::time_point now) {
  const auto faults = snapshot ? not_back(before_, *snapshot, after_)
                               : std::vector{fmt::format("the agent does not answer: {}", why)};
  missing_ = fmt::format("{}", fmt::join(faults, "; "));
  if (!faults.empty()) {
    good_since_.reset();
    return now < limit_ ? Verdict::Wait : Verdict::Late;
  }
  if (!good_since_) good_since_ = now;
  return now - *good_since_ >= steady_ ? Verdict::Back : Verdict::Wait;
}

Watch::Limits limits_for(const Config& after, bool firewall, Watch::Limits limits) {
  constexpr std::chrono::seconds kRoom{10};
  if (!firewall) return limits;
  for (const NeighbourConfig& neighbour : after.bgp.neighbours) {
    const std::chrono::milliseconds hold = std::chrono::seconds(neighbour.hold_time + 1);
    limits.steady = std::max(limits.steady, hold);
  }
  limits.within = std::max<std::chrono::milliseconds>(limits.within, limits.steady + kRoom);
  return limits;
}

}  // namespace imrs::ctl

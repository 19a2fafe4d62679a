// The decisions, from one agent to the next. Called by the supervisor around an upgrade. What is handed
// over was decided by the same rules; what does not fit starts anew, announcing nothing.
#include <algorithm>

#include "agent/routing.h"

namespace imrs::agent {
namespace {

std::int64_t ticks(health::TimePoint when) { return when.time_since_epoch().count(); }
health::TimePoint moment(std::int64_t ticks) { return health::TimePoint(health::TimePoint::duration(ticks)); }

health::Memory memory_of(const HandedDecision& handed) {
  health::Memory memory;
  for (const auto& [rights, silences] : handed.targets) memory.targets.push_back({rights, silences});
  memory.phase = static_cast<health::Phase>(std::clamp(handed.phase, 0, 3));
  memory.reason = handed.reason;
  memory.overlay = static_cast<health::Overlay>(std::clamp(handed.overlay, 0, 3));
  memory.order = handed.order;
  memory.expired = handed.expired;
  memory.way_out = handed.way_out;
  memory.flaps = handed.flaps;
  memory.held_until = moment(handed.held_until);
  memory.up_since = moment(handed.up_since);
  return memory;
}

}  // namespace

std::vector<HandedDecision> Routing::hand_over() const {
  std::vector<HandedDecision> all;
  for (const Decision& decided : decisions_) {
    const health::Memory& memory = decided.state.memory();
    HandedDecision out{.neighbour = decided.neighbour,
                       .family = std::string(to_string(decided.family)),
                       .targets = {},
                       .phase = static_cast<int>(memory.phase),
                       .overlay = static_cast<int>(memory.overlay),
                       .flaps = memory.flaps,
                       .reason = memory.reason,
                       .order = memory.order,
                       .expired = memory.expired,
                       .way_out = memory.way_out,
                       .held_until = ticks(memory.held_until),
                       .up_since = ticks(memory.up_since),
                       .drain_began = ticks(decided.drain_began),
                       .since_ms = decided.since_ms};
    for (const auto& target : memory.targets) out.targets.push_back({target.rights, target.silences});
    all.push_back(std::move(out));
  }
  return all;
}

void Routing::adopt(const std::vector<HandedDecision>& decisions) {
  for (Decision& decided : decisions_) {
    const auto fits = [&](const HandedDecision& handed) {
      return handed.neighbour == decided.neighbour && handed.family == to_string(decided.family) &&
             handed.targets.size() == decided.state.memory().targets.size();
    };
    const auto handed = std::ranges::find_if(decisions, fits);
    if (handed == decisions.end()) continue;
    decided.state = health::State(memory_of(*handed));
    decided.since_ms = handed->since_ms;
    decided.drain_began = moment(handed->drain_began);
  }
}

}  // namespace imrs::agent

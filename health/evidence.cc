// Turns what the prober saw into evidence. Called by the prober after each question. It must never
// call load "silence": a node that withdraws under attack hands the attack to its neighbours.
#include "health/evidence.h"

namespace imrs::health {

std::string_view to_string(Evidence evidence) {
  switch (evidence) {
    case Evidence::Right: return "right";
    case Evidence::Wrong: return "wrong";
    case Evidence::Silent: return "silent";
    case Evidence::CrowdedOut: return "crowded-out";
    case Evidence::CouldNotAsk: return "could-not-ask";
  }
  return "unknown";
}

Evidence judge(Outcome outcome, const Pressure& before, const Pressure& after, bool late) {
  switch (outcome) {
    case Outcome::Matched: return Evidence::Right;
    case Outcome::Differed: return Evidence::Wrong;
    case Outcome::NotAsked: return Evidence::CouldNotAsk;
    case Outcome::NoAnswer: break;
  }
  if (late) return Evidence::CouldNotAsk;
  const bool progressed = after.progress != before.progress;
  const bool overflowed = after.drops > before.drops;
  return progressed && overflowed ? Evidence::CrowdedOut : Evidence::Silent;
}

}  // namespace imrs::health

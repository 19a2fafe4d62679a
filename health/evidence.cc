// Turns what the prober saw into evidence. Called by the prober after each question. It must never
// call load "silence": a node that withdraws under attack hands the attack to its neighbours.
#include "health/evidence.h"

#include <algorithm>

namespace imrs::health {
namespace {

// More than one takes: what is longer is a time in which this process asked nothing, or stood still.
constexpr std::chrono::seconds kOneQuestion{1};

}  // namespace

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

Evidence Judge::judge(Outcome outcome, const Pressure& before, const Pressure& after, bool late,
                      TimePoint now) {
  Evidence evidence = Evidence::CouldNotAsk;
  switch (outcome) {
    case Outcome::Matched: evidence = Evidence::Right; break;
    case Outcome::Differed: evidence = Evidence::Wrong; break;
    case Outcome::NotAsked: break;
    case Outcome::NoAnswer:
      if (!late) evidence = no_answer(before, after, now);
      break;
  }
  if (evidence == Evidence::Right || evidence == Evidence::Wrong) crowded_ = {};
  judged_ = now;
  return evidence;
}

// A full queue excuses only who takes from it: a worker that runs, but has lost its way to these sockets,
// would otherwise be excused by the very flood that it does not serve any more. While nobody could ask, no
// time is counted.
Evidence Judge::no_answer(const Pressure& before, const Pressure& after, TimePoint now) {
  const bool progressed = after.progress != before.progress;
  const bool overflowed = after.drops > before.drops;
  if (!progressed || !overflowed) return Evidence::Silent;
  if (after.probe_drops > before.probe_drops) return Evidence::CrowdedOut;
  if (judged_) crowded_ += std::min<std::chrono::steady_clock::duration>(now - *judged_, kOneQuestion);
  return crowded_ <= kCrowdedAtMost ? Evidence::CrowdedOut : Evidence::Silent;
}

}  // namespace imrs::health

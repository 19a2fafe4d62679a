// What a NOC engineer reads first. Called by status_of(). It must never say that all is well when one
// prefix, one session or the view of BIRD is missing.
#include "agent/web/verdict.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/web/text.h"

namespace imrs::web {
namespace {

struct Counts {
  std::size_t total = 0, wanted = 0, announced = 0, surplus = 0;  // surplus: announced, not wanted
  std::size_t established = 0;                                    // sessions
};

Counts count(const Status& status) {
  Counts counts;
  counts.total = status.prefixes.size();
  for (const PrefixStatus& prefix : status.prefixes) {
    const bool announced = !prefix.exported_to.empty();
    counts.wanted += prefix.prefix->wanted ? 1 : 0;
    counts.announced += announced ? 1 : 0;
    counts.surplus += announced && !prefix.prefix->wanted ? 1 : 0;
  }
  counts.established = static_cast<std::size_t>(
      std::ranges::count(status.sessions, true, &SessionStatus::established));
  return counts;
}

std::string prefixes_text(std::size_t n) { return count_text(n, "prefix", "prefixes"); }

// "withdrawn: withdrawn: REASON" helps nobody.
std::string withdrawn_text(std::string_view reason) {
  constexpr std::string_view kPrefix = "withdrawn: ";
  if (reason.starts_with(kPrefix)) reason.remove_prefix(kPrefix.size());
  return std::string(reason);
}

// What all reasons begin with, up to a colon ("wrong answer: 192.0.2.1 udp" and "wrong answer: ..." give
// "wrong answer"), or the whole reason where it is the same; nothing if they have nothing in common.
std::string common_reason(const Snapshot& snapshot) {
  if (snapshot.decisions.empty()) return {};
  std::string common = withdrawn_text(snapshot.decisions.front().reason);
  for (const DecisionState& family : snapshot.decisions) {
    const std::string reason = withdrawn_text(family.reason);
    if (reason == common) continue;
    const std::size_t colon = common.find(": ");
    common.resize(colon == std::string::npos ? common.size() : colon);
    if (reason != common && !reason.starts_with(common + ": ")) return {};
  }
  return common;
}

auto neighbours_of(const Snapshot& snapshot, Family family) {
  return std::ranges::count(snapshot.decisions, family, &DecisionState::family);
}

// `known`: the reason that the headline has given already.
void add_families(const Snapshot& snapshot, std::string_view known, std::vector<std::string>& details) {
  for (const DecisionState& family : snapshot.decisions) {
    const std::string name = neighbours_of(snapshot, family.family) > 1
                                 ? fmt::format("{} to {}", family_text(family.family), family.neighbour)
                                 : std::string(family_text(family.family));
    const std::string reason = withdrawn_text(family.reason);
    if (!family.announce && reason != known) {
      details.push_back(fmt::format("{} withdrawn: {}", name, reason));
    } else if (family.announce && family.phase != "up") {
      details.push_back(fmt::format("{} is still announced but failing: {}", name, family.reason));
    }
  }
}

void add_sessions(const Status& status, std::vector<std::string>& details) {
  if (status.sessions.empty()) details.emplace_back("No BGP neighbour is configured.");
  for (const SessionStatus& entry : status.sessions) {
    if (entry.established) continue;
    const SessionState& session = *entry.session;
    std::string line = fmt::format("No {} session with {} (AS {}): {}", family_text(session.family),
                                   session.neighbour, session.neighbour_as, session.state);
    const std::string& why = entry.last_error.empty() ? entry.explanation : entry.last_error;
    if (!why.empty()) line += ". " + why;
    if (!session.message.empty()) line += ". Their message: " + session.message;  // last: it is foreign
    details.push_back(std::move(line));
  }
}

bool has_session(const Status& status, const std::string& neighbour) {
  return std::ranges::any_of(
      status.sessions, [&](const SessionStatus& s) { return s.established && s.session->name == neighbour; });
}

void add_differences(const Status& status, std::vector<std::string>& details) {
  for (const PrefixStatus& entry : status.prefixes) {
    const bool announced = !entry.exported_to.empty();
    if (entry.prefix->wanted && !announced && has_session(status, entry.family->neighbour)) {
      details.push_back(entry.prefix->prefix + " is wanted, but BIRD does not export it");
    } else if (!entry.prefix->wanted && announced) {
      details.push_back(entry.prefix->prefix + " is still exported to " +
                        entry.exported_to.front()->neighbour);
    } else if (!entry.prefix->wanted && entry.family->announce) {  // drained: the family goes on
      details.push_back(entry.prefix->prefix + " withdrawn: " + entry.family->reason);
    }
  }
}

std::vector<std::string> all_details(const Snapshot& snapshot, const Status& status,
                                     std::string_view known_reason = {}) {
  std::vector<std::string> details;
  if (!snapshot.bgp.bird_error.empty()) details.push_back("BIRD: " + snapshot.bgp.bird_error);
  add_differences(status, details);
  add_families(snapshot, known_reason, details);
  add_sessions(status, details);
  return details;
}

// The instance's own decision: the reader should know whether there is anything to do at the router.
Verdict withdrawn(const Snapshot& snapshot, const Status& status, std::size_t established) {
  const std::string reason = common_reason(snapshot);
  Verdict verdict{Level::Bad, reason.empty() ? "Withdrawn" : "Withdrawn: " + reason, {}};
  verdict.details = all_details(snapshot, status, reason);
  if (established > 0 && established == status.sessions.size()) {
    verdict.details.emplace_back(
        "The BGP sessions are up. This instance withdrew by its own decision; there is nothing to put "
        "right at the router.");
  }
  return verdict;
}

// Everything that is wanted is announced, and everything is wanted.
Verdict announcing_all(const Snapshot& snapshot, const Status& status, std::size_t total) {
  Verdict verdict;
  verdict.headline = total == 1 ? "Announcing the one prefix" : "Announcing all " + prefixes_text(total);
  verdict.details = all_details(snapshot, status);
  verdict.level = verdict.details.empty() ? Level::Good : Level::Warning;
  return verdict;
}

}  // namespace

Verdict verdict_of(const Snapshot& snapshot, const Status& status) {
  const Counts counts = count(status);
  if (counts.total == 0) return {Level::Bad, "No prefix is configured", {}};
  if (!snapshot.bgp.bird_connected) {
    return {Level::Bad, "Not known what is announced: BIRD cannot be asked", all_details(snapshot, status)};
  }
  if (counts.surplus > 0) {
    return {Level::Bad, fmt::format("Announcing {} that should be withdrawn", prefixes_text(counts.surplus)),
            all_details(snapshot, status)};
  }
  if (counts.wanted == 0) return withdrawn(snapshot, status, counts.established);
  if (counts.announced == counts.total) return announcing_all(snapshot, status, counts.total);
  if (counts.announced > 0) {
    return {Level::Warning, fmt::format("Announcing {} of {}", counts.announced, prefixes_text(counts.total)),
            all_details(snapshot, status)};
  }
  return {Level::Bad,
          counts.established == 0 ? "Announcing nothing: no BGP session is established"
                                  : "Announcing nothing",
          all_details(snapshot, status)};
}

Verdict when_stale(const Verdict& last_known, std::int64_t age_ms) {
  return {Level::Unknown,
          "State not known: the agent has not reported for " + duration_text(age_ms),
          {"If it has died, its routes are gone. Last known: " + last_known.headline}};
}

}  // namespace imrs::web

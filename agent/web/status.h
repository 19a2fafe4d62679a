// agent/web/status.h
// What a snapshot means, in words: one verdict, each BGP session, each prefix. The NOC page, its JSON and
// the ops page say the same because they are all made from this. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "agent/snapshot/snapshot.h"

namespace imrs::web {

inline constexpr std::int64_t kStaleAfterMs = 5000;  // the agent sends a snapshot every second

enum class Level { Good, Warning, Bad, Unknown };
[[nodiscard]] std::string_view to_string(Level level);  // "good", "warning", "bad", "unknown"

struct Verdict {
  Level level = Level::Unknown;
  std::string headline;              // "Announcing all 5 prefixes", "Withdrawn: REASON"
  std::vector<std::string> details;  // one sentence each, most important first
};

struct Withheld {
  std::string prefix;
  std::string why;
};

struct SessionStatus {
  const SessionState* session = nullptr;
  bool established = false;
  std::string explanation;             // of the BGP state; empty when established
  std::string last_error;              // BIRD's, in words; empty if none
  std::vector<std::string> announced;  // prefixes this neighbour has now
  std::vector<Withheld> withheld;      // the family's other prefixes
};

struct PrefixStatus {
  const DecisionState* family = nullptr;
  const PrefixState* prefix = nullptr;
  std::vector<const SessionState*> exported_to;  // established sessions only
};

// Refers to the snapshot it was made from, which has to outlive it.
struct Status {
  std::int64_t age_ms = 0;
  bool stale = false;  // older than kStaleAfterMs: do not believe it
  Verdict verdict;
  std::vector<SessionStatus> sessions;
  std::vector<PrefixStatus> prefixes;
};

// `now_ms`: Unix time in ms.
[[nodiscard]] Status status_of(const Snapshot& snapshot, std::int64_t now_ms);

}  // namespace imrs::web

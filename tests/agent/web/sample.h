// tests/agent/web/sample.h
// Snapshots as the agent would send them.
#pragma once

#include "agent/snapshot/snapshot.h"

namespace imrs::web {

inline constexpr std::int64_t kNow = 1'795'521'600'000;  // 2026-11-24 12:00:00 UTC

// Both families up, two sessions established, all five prefixes exported.
[[nodiscard]] Snapshot healthy();

// The same instance with everything withdrawn by its own decision.
[[nodiscard]] Snapshot withdrawn(const std::string& reason);

// The same with the session of that family in another state, exporting nothing.
[[nodiscard]] Snapshot with_session_down(Family family, const std::string& state,
                                         const std::string& last_error, const std::string& message);

}  // namespace imrs::web

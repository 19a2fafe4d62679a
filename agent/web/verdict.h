// agent/web/verdict.h
// The one sentence at the top of the page. Pure; part of status_of().
#pragma once

#include "agent/web/status.h"

namespace imrs::web {

// From the sessions and prefixes of `status`; its age is not looked at.
[[nodiscard]] Verdict verdict_of(const Snapshot& snapshot, const Status& status);

// What is left of a verdict when the agent has not spoken for `age_ms`.
[[nodiscard]] Verdict when_stale(const Verdict& last_known, std::int64_t age_ms);

}  // namespace imrs::web

// agent/web/metrics.h
// GET /metrics: a snapshot as Prometheus metrics, by prometheus-cpp. Pure. Seconds and octets throughout,
// counters since the agent started; no client address and no label with an unbounded set of values.
#pragma once

#include <cstdint>
#include <string>

#include "agent/snapshot/snapshot.h"

namespace imrs::web {

// Text exposition format 0.0.4. `now_ms`: Unix time in ms, for the ages.
[[nodiscard]] std::string metrics_text(const Snapshot& snapshot, std::int64_t now_ms);

}  // namespace imrs::web

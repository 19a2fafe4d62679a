// agent/web/metrics.h
// GET /metrics: snapshot and counts as Prometheus metrics, by prometheus-cpp. Pure. Seconds and octets
// throughout, counters since the agent started; no client address and no label with an unbounded set of
// values.
#pragma once

#include <string>

#include "agent/web/site.h"

namespace imrs::web {

// Text exposition format 0.0.4. There has to be a snapshot.
[[nodiscard]] std::string metrics_text(const View& view);

}  // namespace imrs::web

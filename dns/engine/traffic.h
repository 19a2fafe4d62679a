// dns/engine/traffic.h
// Counting one query and its response in the worker's page.
#pragma once

#include <algorithm>

#include "agent/base/worker_page.h"
#include "dns/answer/responder.h"

namespace imrs::engine {

inline void count_query(TrafficCounters& counters, std::size_t query_size,
                        const answer::Outcome& outcome) noexcept {
  count(counters.queries);
  count(counters.query_bytes, query_size);
  if (outcome.size == 0) return count(counters.malformed);
  count(counters.responses);
  count(counters.response_bytes, outcome.size);
  count(counters.rcodes[std::min<std::size_t>(outcome.rcode, kRcodes - 1)]);
  if (outcome.truncated) count(counters.truncated);
}

}  // namespace imrs::engine

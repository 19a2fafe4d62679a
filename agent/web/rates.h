// agent/web/rates.h
// From two looks at the counts to what the charts show of the time between. Pure.
#pragma once

#include <cstdint>
#include <vector>

#include "agent/counts/counts.h"
#include "agent/snapshot/snapshot.h"
#include "agent/web/series.h"

namespace imrs::web {

struct Look {
  std::int64_t time_ms = 0;  // Unix time
  counts::Counts counts;
  std::vector<LinkState> links;
};

// Names as the charts know them ("queries.udp.ipv4", "rcode.NOERROR", ...: see api_json.h). Of counts that
// have started anew since `before`, what there is now.
[[nodiscard]] Values values_between(const Look& before, const Look& after);

}  // namespace imrs::web

// agent/ctl/counts_text.h
// What `imrsctl stats` prints of the engine's counts. Pure.
#pragma once

#include <string>
#include <vector>

#include "agent/counts/counts.h"

namespace imrs::ctl {

struct Statistics {
  counts::Counts counts;
  double ipv4 = 0, ipv6 = 0, ipv6_aggregate = 0;  // sources of the UTC day so far
  std::vector<counts::MissingName> missing;       // of the UTC day, the most frequent first
};

// `top`: so many delegations and names that do not exist; 0: none.
[[nodiscard]] std::string statistics_text(const Statistics& statistics, std::size_t top);
[[nodiscard]] std::string statistics_json(const Statistics& statistics, std::size_t top);

}  // namespace imrs::ctl

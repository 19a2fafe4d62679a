// dns/pipeline/time_text.h
// A point in time from the command line.
#pragma once

#include <cstdint>
#include <string>

#include "agent/base/result.h"

namespace imrs::pipeline {

// Unix seconds ("1603195200") or UTC ("2020-10-20T12:00:00Z"), as Unix time; nothing else.
[[nodiscard]] Result<std::int64_t> parse_time(const std::string& text);

}  // namespace imrs::pipeline

// agent/web/ops_page.h
// The front page of the ops listener: the main figures, and a place for the charts that
// agent/web/assets/ops.js fills. Pure.
#pragma once

#include <cstdint>
#include <string>

#include "agent/snapshot/snapshot.h"
#include "agent/web/telemetry.h"

namespace imrs::web {

// `preflight_html`: of stored_preflight().
[[nodiscard]] std::string ops_page(const Snapshot& snapshot, const Telemetry& telemetry, std::int64_t now_ms,
                                   const std::string& preflight_html);

}  // namespace imrs::web

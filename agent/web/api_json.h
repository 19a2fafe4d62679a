// agent/web/api_json.h
// What the charts of the ops page are made of, as JSON. Pure. HANDBOOK.md, "What is collected", says what is
// in it.
#pragma once

#include <cstdint>
#include <string>

#include "agent/web/telemetry.h"

namespace imrs::web {

// `/api/series?last=SECONDS`: values over time, the decisions' phases, the zones' loads.
[[nodiscard]] std::string series_json(const Telemetry& telemetry, std::int64_t seconds, std::int64_t now_ms);

// `/api/now`: tables of counts since the agent started, and of the UTC day.
[[nodiscard]] std::string now_json(const Telemetry& telemetry, std::int64_t now_ms);

// The data of one server-sent event "point".
[[nodiscard]] std::string point_json(const Point& point);

}  // namespace imrs::web

// agent/web/preflight_page.h
// The part of the ops page that shows what `imrsctl preflight --store` has left.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace imrs::web {

// `json_text`: the report (agent/preflight/report.h), which may be anything: what is wrong with it is shown.
// Empty: there is none yet. `now`: Unix time in seconds. HTML, with a heading. Pure.
[[nodiscard]] std::string preflight_section(std::string_view json_text, std::int64_t now);

// The same of the file beneath `state_directory` (empty: nothing is kept, and nothing shown). A file that
// cannot be read is said to be so.
[[nodiscard]] std::string stored_preflight(const std::string& state_directory, std::int64_t now);

}  // namespace imrs::web

// agent/decommission/receipt.h
// What is handed over when an appliance has been decommissioned. Pure. Holds no secret, and no digest of one.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "agent/decommission/journal.h"

namespace imrs::decommission {

// `machine`: its name, as its owner knows it. `ended_ms`: Unix time in ms.
[[nodiscard]] std::string receipt_text(const Journal& journal, const std::string& machine,
                                       std::int64_t ended_ms);
[[nodiscard]] std::string receipt_json(const Journal& journal, const std::string& machine,
                                       std::int64_t ended_ms);

// What is not erased, in words: Plan::left, what is behind the links among the items, and what files hold
// that have a name elsewhere too.
[[nodiscard]] std::vector<std::string> left_of(const Journal& journal);

// What would be done, before anything is: steps, places, what is left. With a journal: what is still to do.
[[nodiscard]] std::string plan_text(const Journal& journal);

}  // namespace imrs::decommission

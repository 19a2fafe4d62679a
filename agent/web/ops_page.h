// agent/web/ops_page.h
// The front page of the ops listener: the main figures and where the rest is. Pure.
#pragma once

#include <cstdint>
#include <string>

#include "agent/snapshot/snapshot.h"

namespace imrs::web {

[[nodiscard]] std::string ops_page(const Snapshot& snapshot, std::int64_t now_ms);

}  // namespace imrs::web

// agent/wall_time.h
// What the wall clock says, for showing only: nothing is decided by it.
#pragma once

#include <chrono>
#include <cstdint>

namespace imrs::agent {

// Unix time in milliseconds.
[[nodiscard]] inline std::int64_t wall_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace imrs::agent

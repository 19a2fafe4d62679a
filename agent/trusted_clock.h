// agent/trusted_clock.h
// Wall time that cannot be stepped: what the wall clock said when the agent started, plus
// CLOCK_BOOTTIME since then. A step of the wall clock neither expires nor un-expires anything. Where the
// last synchronised time comes from at start is imrs-zone's task; until then it is the wall clock's.
#pragma once

#include <time.h>

#include <cstdint>

namespace imrs::agent {

class TrustedClock {
 public:
  TrustedClock() : wall_at_start_(seconds(CLOCK_REALTIME)), boot_at_start_(seconds(CLOCK_BOOTTIME)) {}

  // Unix time in seconds.
  [[nodiscard]] std::int64_t now() const noexcept {
    return wall_at_start_ + seconds(CLOCK_BOOTTIME) - boot_at_start_;
  }

 private:
  static std::int64_t seconds(clockid_t clock) noexcept {
    timespec time{};
    ::clock_gettime(clock, &time);
    return time.tv_sec;
  }

  std::int64_t wall_at_start_;
  std::int64_t boot_at_start_;
};

}  // namespace imrs::agent

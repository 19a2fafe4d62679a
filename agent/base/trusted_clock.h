// agent/base/trusted_clock.h
// Wall time that cannot be stepped: what the wall clock said at the start, plus CLOCK_BOOTTIME since then.
// A step of the wall clock neither expires nor un-expires a zone. Thread-safe once made.
#pragma once

#include <time.h>

#include <cstdint>
#include <functional>

namespace imrs {

// Unix time in seconds. What judges signatures takes one of these, so that tests and --now can put another
// in the trusted clock's place.
using Clock = std::function<std::int64_t()>;

class TrustedClock {
 public:
  TrustedClock() : offset_(seconds(CLOCK_REALTIME) - seconds(CLOCK_BOOTTIME)) {}

  [[nodiscard]] std::int64_t now() const noexcept { return seconds(CLOCK_BOOTTIME) + offset_; }
  [[nodiscard]] std::int64_t operator()() const noexcept { return now(); }  // as a Clock

 private:
  static std::int64_t seconds(clockid_t clock) noexcept {
    timespec time{};
    ::clock_gettime(clock, &time);
    return time.tv_sec;
  }

  std::int64_t offset_;
};

}  // namespace imrs

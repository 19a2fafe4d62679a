// dns/pipeline/clock.h
// The clock that signatures are judged by: Unix time in seconds. A function, so that tests and --now can
// put another in its place.
#pragma once

#include <time.h>

#include <cstdint>
#include <functional>

namespace imrs::pipeline {

using Clock = std::function<std::int64_t()>;

// What the wall clock says now, plus CLOCK_BOOTTIME from now on: a step of the wall clock neither expires
// nor un-expires a zone.
[[nodiscard]] inline Clock trusted_clock() {
  const auto seconds = [](clockid_t clock) {
    timespec time{};
    ::clock_gettime(clock, &time);
    return std::int64_t{time.tv_sec};
  };
  const std::int64_t offset = seconds(CLOCK_REALTIME) - seconds(CLOCK_BOOTTIME);
  return [=] { return seconds(CLOCK_BOOTTIME) + offset; };
}

}  // namespace imrs::pipeline

// agent/base/trusted_clock.h
// Wall time that cannot be stepped: CLOCK_BOOTTIME plus an offset that the agent sets (agent/wall_clock.h). A
// step of the wall clock neither expires nor un-expires a zone. Thread-safe once made.
#pragma once

#include <time.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>

namespace imrs {

// Unix time in seconds. What judges signatures takes one of these, so that tests and --now can put another
// in the trusted clock's place.
using Clock = std::function<std::int64_t()>;

// Copies are the same clock.
class TrustedClock {
 public:
  // What the wall clock says now is right.
  TrustedClock() : TrustedClock(seconds(CLOCK_REALTIME) - seconds(CLOCK_BOOTTIME)) {}
  explicit TrustedClock(std::int64_t offset) : offset_(std::make_shared<std::atomic<std::int64_t>>(offset)) {}

  [[nodiscard]] std::int64_t now() const noexcept { return seconds(CLOCK_BOOTTIME) + offset(); }
  [[nodiscard]] std::int64_t operator()() const noexcept { return now(); }  // as a Clock

  // Seconds from CLOCK_BOOTTIME, which is the same in all processes, to Unix time.
  [[nodiscard]] std::int64_t offset() const noexcept { return offset_->load(std::memory_order_relaxed); }
  void set_offset(std::int64_t offset) noexcept { offset_->store(offset, std::memory_order_relaxed); }
  void set_now(std::int64_t now) noexcept { set_offset(now - seconds(CLOCK_BOOTTIME)); }

 private:
  static std::int64_t seconds(clockid_t clock) noexcept {
    timespec time{};
    ::clock_gettime(clock, &time);
    return time.tv_sec;
  }

  std::shared_ptr<std::atomic<std::int64_t>> offset_;
};

}  // namespace imrs

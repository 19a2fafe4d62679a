// agent/base/trusted_clock.h
// Wall time that cannot be stepped: CLOCK_BOOTTIME plus an offset that the agent sets (agent/wall_clock.h). A
// step of the wall clock alone neither expires nor un-expires a zone. Thread-safe once made.
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
  TrustedClock() : TrustedClock(seconds(CLOCK_REALTIME) - seconds(CLOCK_BOOTTIME), true) {}
  explicit TrustedClock(std::int64_t offset, bool synchronised = false)
      : state_(std::make_shared<State>(offset, synchronised)) {}

  [[nodiscard]] std::int64_t now() const noexcept { return seconds(CLOCK_BOOTTIME) + offset(); }
  [[nodiscard]] std::int64_t operator()() const noexcept { return now(); }  // as a Clock

  // Seconds from CLOCK_BOOTTIME, which is the same in all processes, to Unix time.
  [[nodiscard]] std::int64_t offset() const noexcept {
    return state_->offset.load(std::memory_order_relaxed);
  }
  void set_offset(std::int64_t offset) noexcept { state_->offset.store(offset, std::memory_order_relaxed); }
  void set_now(std::int64_t now) noexcept { set_offset(now - seconds(CLOCK_BOOTTIME)); }

  // It was set by a wall clock that was synchronised. Only such a time may be written down for later starts.
  [[nodiscard]] bool synchronised() const noexcept {
    return state_->synchronised.load(std::memory_order_relaxed);
  }
  void set_synchronised(bool synchronised) noexcept {
    state_->synchronised.store(synchronised, std::memory_order_relaxed);
  }

 private:
  static std::int64_t seconds(clockid_t clock) noexcept {
    timespec time{};
    ::clock_gettime(clock, &time);
    return time.tv_sec;
  }

  struct State {
    State(std::int64_t at, bool right) : offset(at), synchronised(right) {}
    std::atomic<std::int64_t> offset;
    std::atomic<bool> synchronised;
  };

  std::shared_ptr<State> state_;
};

}  // namespace imrs

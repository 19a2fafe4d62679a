// agent/wall_clock.h
// How far the wall clock is believed. An appliance may start with a clock that says 1970, and nobody logs in
// to set it right: until the kernel says that the clock is synchronised, the time that was kept on disk is a
// floor. Once it has been synchronised, steps of it change nothing any more.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "agent/base/result.h"
#include "agent/base/trusted_clock.h"

namespace imrs::agent {

struct WallClock {
  std::int64_t time = 0;      // Unix time
  bool synchronised = false;  // as the kernel has been told by chronyd or such (adjtimex(2))
};

[[nodiscard]] WallClock read_wall_clock();

// The time that imrs-zone last wrote down, Unix time. Errc::Unavailable: it never did; Errc::InvalidInput or
// Errc::System: it cannot be read.
[[nodiscard]] Result<std::int64_t> read_kept_time(const std::string& state_directory);

class WallClockWatch {
 public:
  // `kept`: what was written down, if anything was.
  WallClockWatch(const WallClock& wall, std::optional<std::int64_t> kept);

  // As an agent before this one has left it.
  WallClockWatch(TrustedClock clock, bool synchronised)
      : clock_(std::move(clock)), synchronised_(synchronised) {}
  [[nodiscard]] bool synchronised() const noexcept { return synchronised_; }

  // What it sets; copies of it too.
  [[nodiscard]] const TrustedClock& clock() const noexcept { return clock_; }

  // True if the clock has just been synchronised for the first time, and the trusted clock therefore set.
  [[nodiscard]] bool look(const WallClock& wall);

  // Why the wall clock needs somebody's attention; empty: it does not.
  [[nodiscard]] std::string alarm(const WallClock& wall) const;

 private:
  TrustedClock clock_;
  bool synchronised_;  // it was, once
};

}  // namespace imrs::agent

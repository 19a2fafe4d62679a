// agent/wall_clock.h
// How far the wall clock is believed. An appliance may start with a clock that says 1970, and nobody logs in
// to set it right: the time that was kept on disk is a floor, also for a clock that is said to be
// synchronised. Once it has been believed as synchronised, steps of it change nothing, as long as a primary
// confirms the root zone. What was believed may have been wrong, too: TSIG (RFC 8945 section 5.2.3) then
// fails with every primary. So a wall clock that has been synchronised and off by the same amount for an
// hour, in which nobody has confirmed the root zone and primaries that were asked failed, is taken.
#pragma once

#include <chrono>
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

// What primaries say of the root zone that is served.
struct RootZone {
  std::int64_t confirmed = 0;  // when one last had it, trusted time; 0: never
  bool failing = false;  // those last asked gave nothing: how often they are asked is the configuration's
};

class WallClockWatch {
 public:
  using Moment = std::chrono::steady_clock::time_point;

  static constexpr std::chrono::hours kProof{1};

  // `kept`: what was written down, if anything was.
  WallClockWatch(const WallClock& wall, std::optional<std::int64_t> kept);

  // As an agent before this one has left it; its floor().
  [[nodiscard]] static WallClockWatch adopt(TrustedClock clock, std::int64_t floor);

  // What it sets; copies of it too.
  [[nodiscard]] const TrustedClock& clock() const noexcept { return clock_; }

  // Unix time that the clock is never set to anything earlier than: what was kept; 0: nothing was.
  [[nodiscard]] std::int64_t floor() const noexcept { return floor_; }

  // Why the trusted clock has just been set, for the log; nothing: it has not. To be called several times a
  // second.
  [[nodiscard]] std::optional<std::string> look(const WallClock& wall, Moment now, const RootZone& root);

  // Why the wall clock needs somebody's attention; empty: it does not.
  [[nodiscard]] std::string alarm(const WallClock& wall) const;

 private:
  // All that speaks against the trusted clock, without a break.
  struct Dissent {
    Moment since;
    std::int64_t since_trusted = 0;  // the same by the trusted clock
    std::int64_t off = 0;            // seconds that the wall clock is ahead
  };

  [[nodiscard]] bool believable(const WallClock& wall) const noexcept {
    return wall.synchronised && wall.time >= floor_;
  }
  bool is_proven_wrong(const WallClock& wall, Moment now, const RootZone& root);
  void set(const WallClock& wall);

  TrustedClock clock_;
  std::int64_t floor_ = 0;
  std::optional<Dissent> dissent_;
};

}  // namespace imrs::agent

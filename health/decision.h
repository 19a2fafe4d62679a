// health/decision.h
// What one address family should do about its routes, given the evidence so far.
// Pure: the same state, event and time give the same result. No I/O, no clock.
//
//            right, hold-down over            every target right `rise` times in a row
//     Down ──────────────────────▶ Rising ────────────────────────────────────▶ Up
//      ▲                             │                                         │ ▲
//      │      silent, wrong, expired │                                 silent  │ │ all targets
//      ◀─────────────────────────────┘                                         ▼ │ right again
//      ◀──────────────────────────── wrong, expired, `fall` silences ──────── Falling
//
// A target is one service address × transport × worker; a family is right only if each of its
// targets is. Crowded out and could not ask are neither a pass nor a silence: they change nothing.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "health/evidence.h"

namespace imrs::health {

using TimePoint = std::chrono::steady_clock::time_point;

enum class Phase { Down, Rising, Up, Falling };
[[nodiscard]] std::string_view to_string(Phase phase);

struct Policy {
  int rise = 3;                               // right answers in a row from every target
  int fall = 3;                               // silences in a row from one target
  std::chrono::milliseconds hold_down{1000};  // after a withdrawal; doubles with each flap
  std::chrono::milliseconds hold_down_max{60000};
  std::chrono::minutes stable{10};  // announced this long: the flaps are forgotten
};

// One probe's result. `target` counts from 0 to State's target count less one.
struct Probed {
  std::size_t target = 0;
  Evidence evidence = Evidence::Right;
  std::string detail;  // which target and what was seen, for the reason
};

// The root zone or its signatures have passed their end on the trusted clock, or no longer.
struct Expiry {
  bool expired = false;
  std::string detail;
};

// The operator's, or the agent's own before it stops: announce nothing, whatever the evidence.
struct Withdrawal {
  bool withdraw = false;
  std::string detail;
};

using Event = std::variant<Probed, Expiry, Withdrawal>;

struct Verdict {
  Phase phase = Phase::Down;
  bool announce = false;  // true only in Up and Falling, and never while withdrawn
  bool changed = false;   // phase or announce differ from before this event
  bool failed = false;    // this event shows, announced or not, that who answers is of no use: wrong, or
                          // a target silent `fall` times in a row
  std::string reason;     // for the log, the NOC page and the metric label
};

// One family's memory. Made once; only step() changes it.
class State {
 public:
  explicit State(std::size_t targets) : targets_(targets) {}

  [[nodiscard]] Phase phase() const noexcept { return phase_; }
  [[nodiscard]] bool announce() const noexcept {
    return !withdrawn_ && (phase_ == Phase::Up || phase_ == Phase::Falling);
  }
  [[nodiscard]] const std::string& reason() const noexcept { return reason_; }

 private:
  friend Verdict step(State&, const Event&, const Policy&, TimePoint);
  friend class Transition;

  struct Target {
    int rights = 0;    // in a row
    int silences = 0;  // in a row
  };

  std::vector<Target> targets_;
  Phase phase_ = Phase::Down;
  std::string reason_ = "no probe has passed yet";
  bool expired_ = false;
  bool withdrawn_ = false;
  int flaps_ = 0;           // withdrawals since it was last stable
  TimePoint held_until_{};  // no rise before
  TimePoint up_since_{};
};

// Advances `state` by one event. A wrong answer withdraws at once; silence has to repeat
// `policy.fall` times at one target. Never yields `announce` before `policy.rise` right answers in
// a row from every target since the last wrong one, nor while expired or withdrawn.
[[nodiscard]] Verdict step(State& state, const Event& event, const Policy& policy, TimePoint now);

}  // namespace imrs::health

// health/decision.h
// What one neighbour is to be told of our routes, given the evidence so far. Pure: the same state, event and
// time give the same result. No I/O, no clock.
//
//          right, hold-down over              every target right `rise` times in a row
//     Down ─────────────────────▶ Rising ──────────────────────────────────────────▶ Up
//      ▲                             │                                              │ ▲
//      │          silent, wrong,     │                                      silent  │ │ all targets
//      │      expired, no way out    │                                              ▼ │ right again
//      ◀─────────────────────────────┴───── wrong, expired, no way out, ────────── Falling
//                                             `fall` silences
//
// A neighbour is of one address family. A target is one service address of that family × transport ×
// worker; a family is right only if each of its targets is. Crowded out and could not ask are neither a
// pass nor a silence: they change nothing. What the operator wants lies over all that and can only take
// away.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
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

// Whether what that neighbour brings can be answered: a route to the clients, by a next hop that is there.
struct WayOut {
  bool usable = true;
  std::string detail;
};

// What the operator wants whatever the evidence, or the agent itself before it stops.
enum class Overlay {
  None,
  Drain,     // ask the neighbour to prefer others (GRACEFUL_SHUTDOWN, RFC 8326), still answer what comes
  Drained,   // withdraw what draws traffic, keep the covering routes
  Withdraw,  // announce nothing
};
[[nodiscard]] std::string_view to_string(Overlay overlay);

struct Order {
  Overlay overlay = Overlay::None;
  std::string detail;  // who wants it, and why
};

using Event = std::variant<Probed, Expiry, WayOut, Order>;

// What the neighbour is told of, by the role of a prefix.
struct Routes {
  bool specific = false;           // the prefixes that draw the traffic
  bool covering = false;           // those around them
  bool graceful_shutdown = false;  // the specific ones are tagged (RFC 8326)

  [[nodiscard]] bool any() const noexcept { return specific || covering; }
  bool operator==(const Routes&) const = default;
};

// The table of what each prefix does in each state; in the handbook too.
[[nodiscard]] Routes routes_of(Phase phase, Overlay overlay);

struct Verdict {
  Phase phase = Phase::Down;
  Routes routes;
  bool changed = false;  // phase or routes differ from before this event
  bool failed = false;   // this event shows, announced or not, that who answers is of no use: wrong, or
                         // a target silent `fall` times in a row
  std::string reason;    // for the log, the NOC page and the metric label
};

// Everything that a State knows, for an agent that hands it to the next one.
struct Memory {
  struct Target {
    int rights = 0;    // in a row
    int silences = 0;  // in a row
  };
  std::vector<Target> targets;
  Phase phase = Phase::Down;
  std::string reason = "no probe has passed yet";
  Overlay overlay = Overlay::None;
  std::string order;  // of the overlay
  bool expired = false;
  bool way_out = true;
  int flaps = 0;           // withdrawals since it was last stable
  TimePoint held_until{};  // no rise before
  TimePoint up_since{};
};

// What is remembered about one neighbour. Made once; only step() changes it.
class State {
 public:
  // `targets`: how many there are of the neighbour's family.
  explicit State(std::size_t targets) { memory_.targets.resize(targets); }
  explicit State(Memory memory) : memory_(std::move(memory)) {}

  [[nodiscard]] Phase phase() const noexcept { return memory_.phase; }
  [[nodiscard]] Overlay overlay() const noexcept { return memory_.overlay; }
  [[nodiscard]] Routes routes() const { return routes_of(memory_.phase, memory_.overlay); }
  // Why it is as it is; what the operator wants comes first.
  [[nodiscard]] std::string reason() const;
  [[nodiscard]] const Memory& memory() const noexcept { return memory_; }

 private:
  friend Verdict step(State&, const Event&, const Policy&, TimePoint);

  Memory memory_;
};

// Advances `state` by one event. A wrong answer withdraws at once; silence has to repeat `policy.fall`
// times at one target. Never yields a route before `policy.rise` right answers in a row from every target
// since the last wrong one, nor while expired, without a way out, or told to withdraw.
[[nodiscard]] Verdict step(State& state, const Event& event, const Policy& policy, TimePoint now);

}  // namespace imrs::health

// The decision: what may this neighbour be told of? Called by the agent for every probe result, every
// change of expiry or of the way out, and every order. It must never announce on old evidence, and never
// withdraw for load or for its own inability to ask.
#include "health/decision.h"

#include <algorithm>

namespace imrs::health {

std::string_view to_string(Phase phase) {
  switch (phase) {
    case Phase::Down: return "down";
    case Phase::Rising: return "rising";
    case Phase::Up: return "up";
    case Phase::Falling: return "falling";
  }
  return "unknown";
}

std::string_view to_string(Overlay overlay) {
  switch (overlay) {
    case Overlay::None: return "none";
    case Overlay::Drain: return "drain";
    case Overlay::Drained: return "drained";
    case Overlay::Withdraw: return "withdraw";
  }
  return "unknown";
}

// Draining gives up the specific prefixes alone: the covering ones still promise an answer, and it is still
// given. Every failed verdict takes both, for a covering route without an answer is a broken promise too.
Routes routes_of(Phase phase, Overlay overlay) {
  const bool healthy = phase == Phase::Up || phase == Phase::Falling;
  if (!healthy) return {.specific = false, .covering = false, .graceful_shutdown = false};
  switch (overlay) {
    case Overlay::None: return {.specific = true, .covering = true, .graceful_shutdown = false};
    case Overlay::Drain: return {.specific = true, .covering = true, .graceful_shutdown = true};
    case Overlay::Drained: return {.specific = false, .covering = true, .graceful_shutdown = false};
    case Overlay::Withdraw: return {.specific = false, .covering = false, .graceful_shutdown = false};
  }
  return {};
}

std::string State::reason() const {
  const std::string &order = memory_.order, &reason = memory_.reason;
  switch (memory_.overlay) {
    case Overlay::None: return reason;
    case Overlay::Drain: return "draining: " + order + "; " + reason;
    case Overlay::Drained: return "drained: " + order + "; " + reason;
    case Overlay::Withdraw: return "withdrawn: " + order;
  }
  return reason;
}

// The only code that moves a decision from one phase to another.
class Transition {
 public:
  Transition(Memory& state, const Policy& policy, TimePoint now)
      : state_(state), policy_(policy), now_(now) {}

  void on(const Probed& probed) {
    if (probed.target >= state_.targets.size()) return;
    switch (probed.evidence) {
      case Evidence::Right: return right(state_.targets[probed.target]);
      case Evidence::Wrong: failed_ = true; return to_down("wrong answer: " + probed.detail);
      case Evidence::Silent: return silent(state_.targets[probed.target], probed.detail);
      case Evidence::CrowdedOut:
      case Evidence::CouldNotAsk: return;
    }
  }

  void on(const Expiry& expiry) {
    state_.expired = expiry.expired;
    if (expiry.expired) to_down("expired: " + expiry.detail);
  }

  void on(const WayOut& way_out) {
    state_.way_out = way_out.usable;
    if (!way_out.usable) to_down("no way out: " + way_out.detail);
  }

  // A drain never brings back what an order before it has taken away.
  void on(const Order& order) {
    const bool less = state_.overlay == Overlay::Drained || state_.overlay == Overlay::Withdraw;
    state_.overlay = order.overlay == Overlay::Drain && less ? Overlay::Drained : order.overlay;
    state_.order = order.detail;
  }

  [[nodiscard]] bool failed() const { return failed_; }

 private:
  void right(Memory::Target& target) {
    target.silences = 0;
    target.rights = std::min(target.rights + 1, policy_.rise);
    switch (state_.phase) {
      case Phase::Down:
        if (!state_.expired && state_.way_out && now_ >= state_.held_until) to_rising();
        return;
      case Phase::Rising:
        if (all([&](const auto& t) { return t.rights >= policy_.rise; })) to_up();
        return;
      case Phase::Up:
        if (now_ - state_.up_since >= policy_.stable) state_.flaps = 0;
        return;
      case Phase::Falling:
        if (all([](const auto& t) { return t.silences == 0; })) {
          enter(Phase::Up, "every target answers right again");
        }
        return;
    }
  }

  void silent(Memory::Target& target, const std::string& detail) {
    target.rights = 0;
    target.silences = std::min(target.silences + 1, policy_.fall);
    failed_ = target.silences >= policy_.fall;
    switch (state_.phase) {
      case Phase::Down: state_.reason = "silent: " + detail; return;
      case Phase::Rising: return to_down("silent while rising: " + detail);
      case Phase::Up: enter(Phase::Falling, "silent: " + detail); [[fallthrough]];
      case Phase::Falling:
        if (target.silences >= policy_.fall) {
          to_down("silent " + std::to_string(target.silences) + " times in a row: " + detail);
        }
        return;
    }
  }

  void to_rising() {
    forget_evidence();
    enter(Phase::Rising, "probes pass, counting to " + std::to_string(policy_.rise));
  }

  void to_up() {
    state_.up_since = now_;
    enter(Phase::Up, "every target answers right");
  }

  // Evidence from before never counts towards a rise. A withdrawal of what was announced is a flap.
  void to_down(std::string reason) {
    if (state_.phase == Phase::Up || state_.phase == Phase::Falling) {
      auto hold = policy_.hold_down;
      for (int i = 0; i < state_.flaps && hold < policy_.hold_down_max; ++i) hold *= 2;
      state_.held_until = now_ + std::min(hold, policy_.hold_down_max);
      ++state_.flaps;
    }
    forget_evidence();
    enter(Phase::Down, std::move(reason));
  }

  void forget_evidence() { std::fill(state_.targets.begin(), state_.targets.end(), Memory::Target{}); }

  void enter(Phase phase, std::string reason) {
    state_.phase = phase;
    state_.reason = std::move(reason);
  }

  template <typename Test>
  [[nodiscard]] bool all(Test test) const {
    return !state_.targets.empty() && std::all_of(state_.targets.begin(), state_.targets.end(), test);
  }

  Memory& state_;
  const Policy& policy_;
  TimePoint now_;
  bool failed_ = false;
};

Verdict step(State& state, const Event& event, const Policy& policy, TimePoint now) {
  const Phase phase_before = state.phase();
  const Routes routes_before = state.routes();
  Transition transition(state.memory_, policy, now);
  std::visit([&](const auto& e) { transition.on(e); }, event);
  return Verdict{
      .phase = state.phase(),
      .routes = state.routes(),
      .changed = state.phase() != phase_before || state.routes() != routes_before,
      .failed = transition.failed(),
      .reason = state.reason(),
  };
}

}  // namespace imrs::health

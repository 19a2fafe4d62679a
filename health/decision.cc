// The decision: may this family's prefixes be announced? Called by the agent for every probe
// result, every expiry change and every order to withdraw. It must never announce on old evidence,
// and never withdraw for load or for its own inability to ask.
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

// The only code that moves a State from one phase to another.
class Transition {
 public:
  Transition(State& state, const Policy& policy, TimePoint now) : state_(state), policy_(policy), now_(now) {}

  void on(const Probed& probed) {
    if (probed.target >= state_.targets_.size()) return;
    switch (probed.evidence) {
      case Evidence::Right: return right(state_.targets_[probed.target]);
      case Evidence::Wrong: failed_ = true; return to_down("wrong answer: " + probed.detail);
      case Evidence::Silent: return silent(state_.targets_[probed.target], probed.detail);
      case Evidence::CrowdedOut:
      case Evidence::CouldNotAsk: return;
    }
  }

  void on(const Expiry& expiry) {
    state_.expired_ = expiry.expired;
    if (expiry.expired) to_down("expired: " + expiry.detail);
  }

  void on(const Withdrawal& withdrawal) {
    state_.withdrawn_ = withdrawal.withdraw;
    state_.reason_ = withdrawal.withdraw ? "withdrawn: " + withdrawal.detail : "resumed";
  }

  [[nodiscard]] bool failed() const { return failed_; }

 private:
  void right(State::Target& target) {
    target.silences = 0;
    target.rights = std::min(target.rights + 1, policy_.rise);
    switch (state_.phase_) {
      case Phase::Down:
        if (!state_.expired_ && now_ >= state_.held_until_) to_rising();
        return;
      case Phase::Rising:
        if (all([&](const auto& t) { return t.rights >= policy_.rise; })) to_up();
        return;
      case Phase::Up:
        if (now_ - state_.up_since_ >= policy_.stable) state_.flaps_ = 0;
        return;
      case Phase::Falling:
        if (all([](const auto& t) { return t.silences == 0; })) {
          enter(Phase::Up, "every target answers right again");
        }
        return;
    }
  }

  void silent(State::Target& target, const std::string& detail) {
    target.rights = 0;
    target.silences = std::min(target.silences + 1, policy_.fall);
    failed_ = target.silences >= policy_.fall;
    switch (state_.phase_) {
      case Phase::Down: state_.reason_ = "silent: " + detail; return;
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
    state_.up_since_ = now_;
    enter(Phase::Up, "every target answers right");
  }

  // Evidence from before never counts towards a rise. A withdrawal of what was announced is a flap.
  void to_down(std::string reason) {
    if (state_.phase_ == Phase::Up || state_.phase_ == Phase::Falling) {
      auto hold = policy_.hold_down;
      for (int i = 0; i < state_.flaps_ && hold < policy_.hold_down_max; ++i) hold *= 2;
      state_.held_until_ = now_ + std::min(hold, policy_.hold_down_max);
      ++state_.flaps_;
    }
    forget_evidence();
    enter(Phase::Down, std::move(reason));
  }

  void forget_evidence() { std::fill(state_.targets_.begin(), state_.targets_.end(), State::Target{}); }

  void enter(Phase phase, std::string reason) {
    state_.phase_ = phase;
    state_.reason_ = std::move(reason);
  }

  template <typename Test>
  [[nodiscard]] bool all(Test test) const {
    return !state_.targets_.empty() && std::all_of(state_.targets_.begin(), state_.targets_.end(), test);
  }

  State& state_;
  const Policy& policy_;
  TimePoint now_;
  bool failed_ = false;
};

Verdict step(State& state, const Event& event, const Policy& policy, TimePoint now) {
  const Phase phase_before = state.phase();
  const bool announce_before = state.announce();
  Transition transition(state, policy, now);
  std::visit([&](const auto& e) { transition.on(e); }, event);
  return Verdict{
      .phase = state.phase(),
      .announce = state.announce(),
      .changed = state.phase() != phase_before || state.announce() != announce_before,
      .failed = transition.failed(),
      .reason = state.reason(),
  };
}

}  // namespace imrs::health

// The state machine of `imrsctl config apply`. Called by config_apply.cc, which does what the steps say.
#include "agent/ctl/config_steps.h"

namespace imrs::ctl {

std::string_view to_string(Step step) {
  switch (step) {
    case Step::Save: return "keep the previous files";
    case Step::Mark: return "mark the change as one on trial";
    case Step::ReplaceSecrets: return "replace the secrets";
    case Step::ReplaceConfig: return "replace the configuration";
    case Step::Firewall: return "load the firewall";
    case Step::Bird: return "configure BIRD";
    case Step::Upgrade: return "upgrade the agent in place";
    case Step::Restart: return "restart the agent";
    case Step::Watch: return "wait until all is announced as before";
    case Step::Ask: return "wait until an operator confirms that he still gets in";
    case Step::Confirm: return "confirm";
    case Step::PutBack: return "put the previous files back";
    case Step::Unmark: return "end the trial";
    case Step::FirewallBack: return "load the previous firewall";
    case Step::BirdBack: return "configure BIRD as before";
    case Step::UpgradeBack: return "upgrade the agent in place, back";
    case Step::RestartBack: return "restart the agent, back";
    case Step::WatchBack: return "wait until all is announced again";
    case Step::Kept: return "the new configuration holds";
    case Step::TakenBack: return "the previous configuration holds";
    case Step::Untouched: return "nothing has been changed";
    case Step::Stuck: return "the previous files are not back";
  }
  return "unknown";
}

bool is_end(Step step) {
  return step == Step::Kept || step == Step::TakenBack || step == Step::Untouched || step == Step::Stuck;
}

bool Steps::is_wanted(Step step) const {
  switch (step) {
    case Step::Firewall: return effects_.firewall;
    case Step::Bird: return effects_.bird;
    case Step::Upgrade: return effects_.agent && effects_.restart.empty();
    case Step::Restart: return effects_.agent && !effects_.restart.empty();
    case Step::Ask: return effects_.access;
    case Step::FirewallBack: return told_firewall_;
    case Step::BirdBack: return told_bird_;
    case Step::UpgradeBack: return told_agent_ && effects_.restart.empty();
    case Step::RestartBack: return told_agent_ && !effects_.restart.empty();
    case Step::WatchBack: return told_agent_ || told_bird_ || told_firewall_;
    case Step::Save:
    case Step::Mark:
    case Step::ReplaceSecrets:
    case Step::ReplaceConfig:
    case Step::Watch:
    case Step::Confirm:
    case Step::PutBack:
    case Step::Unmark:
    case Step::Kept:
    case Step::TakenBack:
    case Step::Untouched:
    case Step::Stuck: return true;
  }
  return true;
}

// The next one by order, or the way back.
Step Steps::after(Step step, Outcome outcome) const {
  const bool done = outcome == Outcome::Done;
  switch (step) {
    case Step::Save: return done ? Step::Mark : Step::Untouched;
    case Step::Mark: return done ? Step::ReplaceSecrets : Step::PutBack;
    case Step::ReplaceSecrets: return done ? Step::ReplaceConfig : Step::PutBack;
    case Step::ReplaceConfig: return done ? Step::Firewall : Step::PutBack;
    case Step::Firewall: return done ? Step::Bird : Step::PutBack;
    case Step::Bird: return done ? Step::Upgrade : Step::PutBack;
    case Step::Upgrade:
      if (outcome == Outcome::NeedsRestart) return Step::Restart;
      return done ? Step::Restart : Step::PutBack;
    case Step::Restart: return done ? Step::Watch : Step::PutBack;
    case Step::Watch: return done ? Step::Ask : Step::PutBack;
    case Step::Ask: return done ? Step::Confirm : Step::PutBack;
    case Step::Confirm: return done ? Step::Kept : Step::PutBack;
    case Step::PutBack: return done ? Step::FirewallBack : Step::Stuck;
    // A way back is gone to its end: what cannot be told is said, and the rest is told all the same.
    case Step::FirewallBack: return Step::BirdBack;
    case Step::BirdBack: return Step::UpgradeBack;
    case Step::UpgradeBack: return Step::RestartBack;
    case Step::RestartBack: return Step::Unmark;
    case Step::Unmark: return Step::WatchBack;
    case Step::WatchBack: return Step::TakenBack;
    case Step::Kept:
    case Step::TakenBack:
    case Step::Untouched:
    case Step::Stuck: return step;
  }
  return Step::Stuck;
}

void Steps::advance(Outcome outcome) {
  told_firewall_ = told_firewall_ || step_ == Step::Firewall;
  told_bird_ = told_bird_ || step_ == Step::Bird;
  const bool refused = step_ == Step::Upgrade && outcome == Outcome::Unchanged;
  told_agent_ = told_agent_ || (step_ == Step::Upgrade && !refused) || step_ == Step::Restart;
  const Step left = step_;
  step_ = after(left, outcome);
  // An agent that did not become another in place has to be started anew, whatever was foreseen. One that has
  // refused the new configuration is left alone: a program that does not pass its self-test must not be what
  // is started instead. On the way back there is no choice: it runs with what is to go.
  if (outcome != Outcome::Done && (left == Step::Upgrade || left == Step::UpgradeBack)) return;
  while (!is_end(step_) && !is_wanted(step_)) step_ = after(step_, Outcome::Done);
}

}  // namespace imrs::ctl

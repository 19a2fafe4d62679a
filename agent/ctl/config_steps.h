// agent/ctl/config_steps.h
// The order in which a configuration is applied, and taken back if it does not prove itself. Pure: what came
// of a step and nothing else decides what is next.
//
//   Save  Mark  ReplaceSecrets  ReplaceConfig  Firewall  Bird  Upgrade [Restart]  Watch [Ask]  Confirm  Kept
//                    | anything goes wrong, or the operator ends it
//                    v
//   PutBack  FirewallBack  BirdBack  UpgradeBack [RestartBack]  Unmark  WatchBack  TakenBack
//
// The mark stays until all have been told: who finds it, and nobody at work on it, tells them.
// BIRD before the agent: one that starts wants every protocol of its neighbours to be there.
#pragma once

#include <string_view>

#include "agent/ctl/config_effects.h"

namespace imrs::ctl {

enum class Step {
  Save,  // the previous files, beside the new ones
  Mark,  // from here on a start of the appliance puts them back
  ReplaceSecrets,
  ReplaceConfig,
  Firewall,
  Bird,
  Upgrade,
  Restart,
  Watch,    // until all is as it was
  Ask,      // until an operator says that he still gets in
  Confirm,  // the mark goes
  PutBack,
  FirewallBack,
  BirdBack,
  UpgradeBack,
  RestartBack,
  Unmark,
  WatchBack,
  // The end:
  Kept,       // the new one holds
  TakenBack,  // the previous one holds
  Untouched,  // nothing has been changed
  Stuck       // the previous files could not be put back; the next start tries it again
};

enum class Outcome {
  Done,
  Failed,
  Unchanged,     // of Upgrade: it failed, and the agent runs on as it did
  NeedsRestart,  // of Upgrade and UpgradeBack: the agent cannot take it in place
  Interrupted    // the operator wants it to end; before Confirm only
};

[[nodiscard]] std::string_view to_string(Step step);
[[nodiscard]] bool is_end(Step step);

class Steps {
 public:
  explicit Steps(Effects effects) : effects_(std::move(effects)) {}
  [[nodiscard]] Step now() const { return step_; }
  // What came of now().
  void advance(Outcome outcome);

 private:
  // Whether anybody has to be told at this step; of those that take a configuration back: whether he was
  // told.
  [[nodiscard]] bool is_wanted(Step step) const;
  [[nodiscard]] Step after(Step step, Outcome outcome) const;

  Effects effects_;
  Step step_ = Step::Save;
  bool told_firewall_ = false, told_bird_ = false, told_agent_ = false;
};

}  // namespace imrs::ctl

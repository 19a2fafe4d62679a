// agent/ctl/config_effects.h
// What has to be told that the configuration is another one. Pure.
#pragma once

#include <string>
#include <vector>

#include "agent/config/config.h"
#include "agent/ctl/config_diff.h"

namespace imrs::ctl {

struct Effects {
  bool agent = false;                // has to read it anew
  std::vector<std::string> restart;  // keys that an upgrade in place does not take; empty: it takes all
  bool bird = false;                 // BIRD's configuration differs
  bool firewall = false;             // the rules differ
  bool access = false;               // "access.icann" does: an operator has to say whether he still gets in
};

// What an upgrade in place does not take is what the agent before hands over as it is: what its engine was
// set up with, the sockets and the device, and what only root can do at its start. `differences`: of the
// two, and of their secrets.
[[nodiscard]] Effects effects_of(const Config& before, const Config& after,
                                 const std::vector<Difference>& differences);

// In some lines, for people: "the agent is upgraded in place", ...
[[nodiscard]] std::string effects_text(const Effects& effects);

}  // namespace imrs::ctl

// agent/ctl/config_apply.h
// `imrsctl config apply` and `diff`: another configuration in place of the one that is there, on trial until
// the appliance announces again what it did before, and taken back by itself otherwise.
#pragma once

#include <string>

#include "agent/ctl/commands.h"
#include "agent/ctl/config_watch.h"

namespace imrs::ctl {

struct ApplySettings {
  std::string next;     // file name of the new agent.json
  std::string secrets;  // of the new secrets' file, "-": standard input; empty: the secrets stay
  std::string config = "/etc/imrs/agent.json";
  Watch::Limits limits;
  bool dry_run = false;
  // Run by the shell; empty: nobody is to be told.
  std::string restart = "systemctl restart imrs-agent.service";
  std::string reload_bird = "/usr/lib/imrs/bird-configuration renew";
  std::string reload_firewall = "systemctl try-reload-or-restart imrs-firewall.service";
  // Whether there is one: a unit that does not run is reloaded without an error, and without rules.
  std::string firewall_runs = "systemctl --quiet is-active imrs-firewall.service";
};

// The exit statuses of the commands. Of diff: kGood if nothing differs, kNotHealthy if something does.
int diff_config(const Options& options, const ApplySettings& settings);
int apply_config(const Options& options, const ApplySettings& settings);
// The previous configuration (agent.json.previous), on trial as any other; the previous secrets with it, if
// only with them it is one.
int roll_back_config(const Options& options, ApplySettings settings);

}  // namespace imrs::ctl

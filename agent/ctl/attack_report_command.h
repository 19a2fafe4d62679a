// agent/ctl/attack_report_command.h
// `imrsctl attack-report`: what comes in right now, and what it looks like.
#pragma once

#include "agent/ctl/commands.h"

namespace imrs::ctl {

// As add_commands().
void add_attack_report(CLI::App& app, Options& options, int& exit_code);

}  // namespace imrs::ctl

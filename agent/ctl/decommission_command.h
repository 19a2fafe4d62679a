// agent/ctl/decommission_command.h
// imrsctl decommission: the end of an appliance. See agent/decommission/.
#pragma once

#include "agent/ctl/commands.h"

namespace imrs::ctl {

// As add_commands().
void add_decommission(CLI::App& app, Options& options, int& exit_code);

}  // namespace imrs::ctl

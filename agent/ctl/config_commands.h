// agent/ctl/config_commands.h
// imrsctl config: diff, apply, recover.
#pragma once

#include "agent/ctl/commands.h"

namespace imrs::ctl {

// As add_commands().
void add_config(CLI::App& app, Options& options, int& exit_code);

}  // namespace imrs::ctl

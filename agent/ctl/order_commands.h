// agent/ctl/order_commands.h
// The commands of imrsctl that change something: drain, withdraw, resume, waive, upgrade.
#pragma once

#include "agent/ctl/commands.h"

namespace imrs::ctl {

// As add_commands().
void add_orders(CLI::App& app, Options& options, int& exit_code);

}  // namespace imrs::ctl

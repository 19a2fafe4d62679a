// agent/ctl/rotate_commands.h
// imrsctl rotate and rollback: new trust anchors, secrets and certificates, which come on standard input, and
// the way back to those before. See agent/remote/rotation.h.
#pragma once

#include "agent/ctl/commands.h"

namespace imrs::ctl {

// As add_commands().
void add_rotate(CLI::App& app, Options& options, int& exit_code);
void add_rollback(CLI::App& app, Options& options, int& exit_code);

}  // namespace imrs::ctl

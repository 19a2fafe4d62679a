// agent/ctl/remote_command.h
// imrsctl remote, what sshd runs for a key (authorized_keys, command="..."), and imrsctl audit-log, which
// shows what was done by it. See agent/remote/roles.h for who may do what.
#pragma once

#include "agent/ctl/commands.h"

namespace imrs::ctl {

// As add_commands().
void add_remote(CLI::App& app, Options& options, int& exit_code);
void add_audit_log(CLI::App& app, Options& options, int& exit_code);

}  // namespace imrs::ctl

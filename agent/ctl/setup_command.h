// agent/ctl/setup_command.h
// imrsctl setup: from a site sheet to agent.json and the secrets' file.
#pragma once

#include <string>
#include <vector>

#include "agent/ctl/commands.h"
#include "agent/site/site_secrets.h"
#include "agent/site/site_sheet.h"

namespace imrs::ctl {

// As add_commands().
void add_setup(CLI::App& app, Options& options, int& exit_code);

// What is still to be done before the appliance can start, a line each; empty: nothing. Pure.
// `absent`: those of Site::files that are not there.
[[nodiscard]] std::vector<std::string> missing_for_start(const site::Site& site,
                                                         const site::FilledSecrets& secrets,
                                                         const std::vector<std::string>& absent,
                                                         const site::Places& places);

}  // namespace imrs::ctl

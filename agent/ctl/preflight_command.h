// agent/ctl/preflight_command.h
// `imrsctl preflight`: whether the host has kept to the contract, point by point, with what was seen.
#pragma once

#include <cstddef>
#include <string>

#include "agent/ctl/commands.h"
#include "agent/preflight/report.h"

namespace imrs::ctl {

// As add_commands(). Exit status: kGood if nothing has failed (what is unknown is listed), kNotHealthy if
// something has, kFailed if the report could not be stored.
void add_preflight(CLI::App& app, Options& options, int& exit_code);

// A line for each point, and one below for what to do. Pure.
struct Screen {
  bool colour = false;
  std::size_t columns = 0;  // lines are broken between words to fit; 0: they are not
};
[[nodiscard]] std::string preflight_text(const preflight::Report& report, const Screen& screen);

// Puts it beneath the state directory, whole or not at all, readable by imrs-web; makes the folder for it.
[[nodiscard]] Result<void> store_report(const std::string& state_directory, const preflight::Report& report);

}  // namespace imrs::ctl

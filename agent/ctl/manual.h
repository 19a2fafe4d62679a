// agent/ctl/manual.h
// Manual page and completion of a command, both made of what its own options say. Pure.
#pragma once

#include <CLI/App.hpp>
#include <string>

namespace imrs::ctl {

// The page of section 8 (groff_man(7)).
[[nodiscard]] std::string manual_page(const CLI::App& app);

// For bash: a script to be sourced, or put into its folder of completions.
[[nodiscard]] std::string bash_completion(const CLI::App& app);

}  // namespace imrs::ctl

// agent/renderings.h
// The files of other programs that are made from agent.json. Called by main, instead of running.
#pragma once

#include <string>

#include "agent/base/result.h"
#include "agent/config/config.h"

namespace imrs::agent {

// For people: passwords are masked.
[[nodiscard]] std::string shown_bird_config(const Config& config);

// For BIRD: whole or not at all, mode 0640, and it belongs to whom its directory belongs to, which BIRD must
// be able to read as. Needs root unless that is oneself.
[[nodiscard]] Result<void> write_bird_config(const Config& config, const std::string& path);

}  // namespace imrs::agent

// agent/config/check.h
// What must hold between the keys of a configuration.
#pragma once

#include "agent/config/config.h"
#include "agent/config/json_reader.h"

namespace imrs {

void check_config(const Config& config, Complaints& complaints);

}  // namespace imrs

// agent/decommission/exported.h
// What BIRD tells its neighbours now. Blocks for some seconds at most.
#pragma once

#include <string>
#include <vector>

#include "agent/base/result.h"

namespace imrs::decommission {

// "199.7.83.0/24 to host4", of every BGP session there is, whoever has configured it. Errc::Unavailable: no
// BIRD listens there; other errors: one does, and could not be asked.
[[nodiscard]] Result<std::vector<std::string>> exported_by_bird(const std::string& control_socket);

}  // namespace imrs::decommission

// agent/link_counters.h
// What has gone through a network interface, as the kernel counts it.
#pragma once

#include <string>

#include "agent/base/result.h"
#include "agent/snapshot/snapshot.h"

namespace imrs::agent {

// Errc::System: there is no such interface, or the kernel does not say.
[[nodiscard]] Result<LinkState> read_link_counters(const std::string& device);

}  // namespace imrs::agent

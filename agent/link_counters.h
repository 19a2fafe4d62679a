// agent/link_counters.h
// A network interface: what has gone through it, as the kernel counts it, and whether its cable is in.
#pragma once

#include <optional>
#include <string>

#include "agent/base/result.h"
#include "agent/snapshot/snapshot.h"

namespace imrs::agent {

// Errc::System: there is no such interface, or the kernel does not say.
[[nodiscard]] Result<LinkState> read_link_counters(const std::string& device);

// Up, and with a carrier: the kernel keeps addresses and routes by links that have lost theirs.
[[nodiscard]] Result<bool> has_carrier(const std::string& device);

// The same of an interface that has to be there; one that is not has no carrier. nullopt: it cannot be seen.
[[nodiscard]] std::optional<LinkState> look_at_link(const std::string& device);

}  // namespace imrs::agent

// dns/engine/descriptors.h
// How many descriptors this process may have, and how many of them are left for TCP connections: with all
// taken by strangers, the agent's probes could not connect and would withdraw the node.
#pragma once

#include <cstddef>

#include "agent/base/result.h"
#include "dns/engine/tcp_server.h"

namespace imrs::engine {

// Raises the soft limit of open files to the hard one; returns the limit that holds then. Call it before
// enter_sandbox().
[[nodiscard]] Result<std::size_t> raise_descriptor_limit();

// The default limits with as many public connections per worker as fit into `descriptors` next to what the
// engine needs itself: its `sockets`, the probes' connections and some others; and a share of the sandbox's
// memory for what they keep. Refused if that leaves fewer than kLeastConnections for a worker. Pure.
inline constexpr std::size_t kLeastConnections = 16;
[[nodiscard]] Result<TcpLimits> tcp_limits(std::size_t descriptors, std::size_t sockets, std::size_t workers);

}  // namespace imrs::engine

// agent/ctl/kernel_counts.h
// What the kernel has thrown away before the engine could see it, as /proc/PID/net says it of the engine's
// network namespace. It names sockets by their local addresses; the remote ones are not looked at.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/counts/counts.h"

namespace imrs::ctl {

// Counts since the sockets, or the namespace, are there. Nothing: the kernel does not say, or not to us.
struct KernelCounts {
  std::optional<std::uint64_t> udp_drops;    // messages for which a socket of a service address had no room
  std::optional<std::uint64_t> syn_cookies;  // sent
};

// The files of the process `pid`; all is unknown if it is 0 or not there.
[[nodiscard]] KernelCounts read_kernel_counts(std::int32_t pid, const std::vector<counts::Service>& services);

// Pure. `table`: /proc/net/udp or udp6 (proc(5)); the sum over the sockets bound to one of these addresses
// and port 53. Nothing if there is no such socket.
[[nodiscard]] std::optional<std::uint64_t> udp_drops_in(std::string_view table,
                                                        const std::vector<counts::Service>& services);

// Pure. `table`: /proc/net/netstat, lines in pairs of names and numbers.
[[nodiscard]] std::optional<std::uint64_t> netstat_value(std::string_view table, std::string_view group,
                                                         std::string_view name);

}  // namespace imrs::ctl

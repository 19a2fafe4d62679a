// agent/steering.h
// Which socket of a reuseport group a packet goes to. Each service address and transport has a group of
// 2 × workers sockets: first one per worker for the public, then one per worker for the probes. A small
// classic BPF program (SO_ATTACH_REUSEPORT_CBPF, needs no capability) picks by firewall mark, which
// nobody outside this machine can set: marks kProbeMark + worker go to that worker's private socket,
// everything else to a public one by a hash of the client's address and port.
#pragma once

#include <linux/filter.h>

#include <cstdint>
#include <vector>

#include "agent/base/family.h"
#include "agent/base/result.h"

namespace imrs::agent {

inline constexpr std::uint32_t kProbeMark = 0x494d0000;  // "IM"
inline constexpr std::uint32_t kMaxWorkers = 64;

[[nodiscard]] std::vector<sock_filter> steering_program(Family family, std::uint32_t workers);

// Attaches it to the group that `fd` belongs to. All of the group's sockets must have been bound (TCP:
// be listening), in the order above.
[[nodiscard]] Result<void> attach_steering(int fd, Family family, std::uint32_t workers);

}  // namespace imrs::agent

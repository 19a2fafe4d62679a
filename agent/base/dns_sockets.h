// agent/base/dns_sockets.h
// How a DNS socket is opened, the same for the agent (service addresses) and for imrs-engine run alone.
#pragma once

#include <cstdint>
#include <string>

#include "agent/base/family.h"
#include "agent/base/result.h"
#include "agent/base/unique_fd.h"

namespace imrs {

struct DnsSocketOptions {
  bool freebind = false;         // the address may come later (IP_FREEBIND)
  int receive_buffer = 4 << 20;  // octets, UDP: what the kernel holds while an engine is replaced
  int backlog = 1024;            // TCP
};

// A non-blocking, close-on-exec socket bound to `address` and `port` with SO_REUSEPORT; TCP listens
// already. RFC 9715: UDP answers fit any path (1232 octets), so DF stays off and what others claim about
// the path's MTU is ignored (IP_PMTUDISC_OMIT); TCP announces an MSS of 1220 octets.
[[nodiscard]] Result<UniqueFd> open_dns_socket(Family family, Transport transport, const std::string& address,
                                               std::uint16_t port, const DnsSocketOptions& options);

}  // namespace imrs

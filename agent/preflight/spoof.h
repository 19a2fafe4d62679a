// agent/preflight/spoof.h
// Sends datagrams whose source is forged, to somebody who has agreed to look whether they come
// (--spoof-test), and honest ones beside them to show that the path works.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "agent/preflight/bgp_points.h"

namespace imrs::preflight {

// The target's own address but for its last bit: what is sent back because of it (ICMP) bothers nobody but
// the network of the target.
[[nodiscard]] IpAddress forged_source(const IpAddress& target);

// A whole IP packet (RFC 791, RFC 8200) with a UDP datagram in it; both addresses of one family.
[[nodiscard]] std::vector<std::uint8_t> udp_packet(const IpAddress& source, const IpAddress& target,
                                                   std::uint16_t port, std::string_view content);

// Two of each kind. `source`: of the honest ones, an address of this machine; else the kernel's choice. Needs
// NET_RAW.
[[nodiscard]] SpoofTest send_spoofed(const IpAddress& target, const std::optional<IpAddress>& source);

}  // namespace imrs::preflight

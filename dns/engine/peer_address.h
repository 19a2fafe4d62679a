// dns/engine/peer_address.h
// The octets of a peer's address.
#pragma once

#include <netinet/in.h>

#include <cstdint>
#include <span>

namespace imrs::engine {

// 4 octets (IPv4) or 16; a view into `peer`. The service sockets are IPv4 or IPv6 only, so that no mapped
// addresses occur.
[[nodiscard]] inline std::span<const std::uint8_t> address_of(const sockaddr_storage& peer) noexcept {
  if (peer.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(peer);
    return {reinterpret_cast<const std::uint8_t*>(&v4.sin_addr), sizeof v4.sin_addr};
  }
  const auto& v6 = reinterpret_cast<const sockaddr_in6&>(peer);
  return {reinterpret_cast<const std::uint8_t*>(&v6.sin6_addr), sizeof v6.sin6_addr};
}

}  // namespace imrs::engine

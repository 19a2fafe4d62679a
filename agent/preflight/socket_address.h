// agent/preflight/socket_address.h
// Addresses as the kernel takes and gives them.
#pragma once

#include <sys/socket.h>

#include <optional>

#include "agent/config/config.h"

namespace imrs::preflight {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
  [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  [[nodiscard]] sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

[[nodiscard]] SocketAddress socket_address(const IpAddress& address, std::uint16_t port);

// Nothing if it is of neither family.
[[nodiscard]] std::optional<IpAddress> ip_address(const sockaddr* address);

}  // namespace imrs::preflight

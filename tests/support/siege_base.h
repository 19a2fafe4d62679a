// tests/support/siege_base.h
// What the parts of `siege` share: clock, addresses, clients. A program for one measurement: what cannot be
// done ends it with a message and status 2.
//
// The clients: number i (0 to 255) is 198.18.i.1 (RFC 2544) or 2001:db8:1853:i00::1 (RFC 3849), so that each
// is in a /24 or /56 of its own. Both prefixes must be local where this runs:
//   ip route add local 198.18.0.0/16 dev lo; ip -6 route add local 2001:db8:1853::/48 dev lo
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "agent/base/unique_fd.h"

namespace imrs::siege {

[[noreturn]] void die(std::string_view what);  // with errno's text

[[nodiscard]] std::uint64_t now_us();  // CLOCK_MONOTONIC

struct Endpoint {
  sockaddr_storage storage{};
  socklen_t size = 0;
  [[nodiscard]] int family() const noexcept { return storage.ss_family; }
  [[nodiscard]] const sockaddr* get() const noexcept { return reinterpret_cast<const sockaddr*>(&storage); }
};

[[nodiscard]] Endpoint parse_endpoint(const std::string& address, std::uint16_t port);

inline constexpr unsigned kClients = 256;

// A socket that does not block, bound to that client's address and no port yet. `type`: SOCK_DGRAM or
// SOCK_STREAM. `client` is taken modulo kClients.
[[nodiscard]] UniqueFd client_socket(int family, int type, unsigned client);

void set_option(int fd, int level, int name, int value);

}  // namespace imrs::siege

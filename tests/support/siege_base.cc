// Sockets with many source addresses. Called by the UDP and the TCP part. It must never send anything by
// itself.
#include "tests/support/siege_base.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace imrs::siege {
namespace {

Endpoint client_endpoint(int family, unsigned client) {
  const auto number = static_cast<std::uint8_t>(client % kClients);
  Endpoint out = parse_endpoint(family == AF_INET ? "198.18.0.1" : "2001:db8:1853::1", 0);
  if (family == AF_INET) {
    auto* const v4 = reinterpret_cast<sockaddr_in*>(&out.storage);
    v4->sin_addr.s_addr |= htonl(std::uint32_t{number} << 8);
  } else {
    reinterpret_cast<sockaddr_in6*>(&out.storage)->sin6_addr.s6_addr[6] = number;
  }
  return out;
}

}  // namespace

void die(std::string_view what) {
  std::fprintf(stderr, "siege: %.*s: %s\n", static_cast<int>(what.size()), what.data(), std::strerror(errno));
  std::exit(2);
}

std::uint64_t now_us() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(now).count());
}

Endpoint parse_endpoint(const std::string& address, std::uint16_t port) {
  Endpoint out;
  auto* const v4 = reinterpret_cast<sockaddr_in*>(&out.storage);
  auto* const v6 = reinterpret_cast<sockaddr_in6*>(&out.storage);
  if (::inet_pton(AF_INET, address.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    out.size = sizeof *v4;
  } else if (::inet_pton(AF_INET6, address.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    out.size = sizeof *v6;
  } else {
    errno = EINVAL;
    die(address + " is no address");
  }
  return out;
}

void set_option(int fd, int level, int name, int value) {
  if (::setsockopt(fd, level, name, &value, sizeof value) != 0) die("setsockopt");
}

UniqueFd client_socket(int family, int type, unsigned client) {
  UniqueFd fd(::socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) die("socket");
  if (family == AF_INET) {
    set_option(fd.get(), IPPROTO_IP, IP_FREEBIND, 1);
  } else {
    set_option(fd.get(), IPPROTO_IPV6, IPV6_FREEBIND, 1);
  }
  // The port is chosen by connect(2), for the whole pair of addresses: more than one may then have it.
  set_option(fd.get(), IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
  const Endpoint own = client_endpoint(family, client);
  if (::bind(fd.get(), own.get(), own.size) != 0) die("bind to a client's address");
  return fd;
}

}  // namespace imrs::siege

// Opens the sockets that answers leave from. Called at start only. What is set here is set before the
// first packet: a socket that is bound receives.
#include "agent/base/dns_sockets.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace imrs {
namespace {

constexpr int kTcpMss = 1220;  // RFC 9715 section 3.2: fits the IPv6 minimum MTU

Result<void> set(int fd, int level, int name, int value, std::string_view what) {
  if (::setsockopt(fd, level, name, &value, sizeof value) == 0) return {};
  return system_error(what);
}

Result<void> set_family_options(int fd, Family family, const DnsSocketOptions& options) {
  if (family == Family::V6) {
    if (auto r = set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1, "IPV6_V6ONLY"); !r) return r;
    if (options.freebind) return set(fd, IPPROTO_IPV6, IPV6_FREEBIND, 1, "IPV6_FREEBIND");
    return {};
  }
  if (options.freebind) return set(fd, IPPROTO_IP, IP_FREEBIND, 1, "IP_FREEBIND");
  return {};
}

Result<void> set_udp_options(int fd, Family family, const DnsSocketOptions& options) {
  // Beyond net.core.rmem_max only with CAP_NET_ADMIN; less room is not a reason to fail.
  if (!set(fd, SOL_SOCKET, SO_RCVBUFFORCE, options.receive_buffer, "SO_RCVBUFFORCE")) {
    (void)set(fd, SOL_SOCKET, SO_RCVBUF, options.receive_buffer, "SO_RCVBUF").ok();
  }
  return family == Family::V4
             ? set(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_OMIT, "IP_MTU_DISCOVER")
             : set(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_OMIT, "IPV6_MTU_DISCOVER");
}

Result<void> set_tcp_options(int fd) {
  if (auto r = set(fd, SOL_SOCKET, SO_REUSEADDR, 1, "SO_REUSEADDR"); !r) return r;
  if (auto r = set(fd, IPPROTO_TCP, TCP_NODELAY, 1, "TCP_NODELAY"); !r) return r;
  return set(fd, IPPROTO_TCP, TCP_MAXSEG, kTcpMss, "TCP_MAXSEG");
}

Result<void> bind_to(int fd, Family family, const std::string& address, std::uint16_t port) {
  sockaddr_in v4{};
  sockaddr_in6 v6{};
  v4.sin_family = AF_INET;
  v6.sin6_family = AF_INET6;
  v4.sin_port = v6.sin6_port = htons(port);
  const bool is_v4 = family == Family::V4;
  void* const octets = is_v4 ? static_cast<void*>(&v4.sin_addr) : &v6.sin6_addr;
  if (::inet_pton(is_v4 ? AF_INET : AF_INET6, address.c_str(), octets) != 1) {
    return Error{Errc::InvalidInput, "not an address of that family: " + address};
  }
  const auto* generic = is_v4 ? reinterpret_cast<const sockaddr*>(&v4)
                              : reinterpret_cast<const sockaddr*>(&v6);
  if (::bind(fd, generic, is_v4 ? sizeof v4 : sizeof v6) == 0) return {};
  return system_error("bind");
}

Result<void> prepare(int fd, Family family, Transport transport, const std::string& address,
                     std::uint16_t port, const DnsSocketOptions& options) {
  if (auto r = set(fd, SOL_SOCKET, SO_REUSEPORT, 1, "SO_REUSEPORT"); !r) return r;
  if (auto r = set_family_options(fd, family, options); !r) return r;
  auto r = transport == Transport::Udp ? set_udp_options(fd, family, options) : set_tcp_options(fd);
  if (!r) return r;
  if (auto bound = bind_to(fd, family, address, port); !bound) return bound;
  if (transport == Transport::Tcp && ::listen(fd, options.backlog) != 0) {
    return system_error("listen");
  }
  return {};
}

}  // namespace

Result<UniqueFd> open_dns_socket(Family family, Transport transport, const std::string& address,
                                 std::uint16_t port, const DnsSocketOptions& options) {
  const int domain = family == Family::V4 ? AF_INET : AF_INET6;
  const int type = transport == Transport::Udp ? SOCK_DGRAM : SOCK_STREAM;
  UniqueFd fd(::socket(domain, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return system_error("socket");
  if (auto ready = prepare(fd.get(), family, transport, address, port, options); !ready) {
    return ready.error().within(std::string(to_string(transport)) + " " + address + " port " +
                                std::to_string(port));
  }
  return fd;
}

}  // namespace imrs

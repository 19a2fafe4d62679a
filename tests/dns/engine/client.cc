// Blocking sockets with a time limit. Called by the engine's tests.
#include "tests/dns/engine/client.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "dns/wire/bytes.h"

namespace imrs::test {
namespace {

bool read_exactly(int fd, std::span<std::uint8_t> out) {
  std::size_t done = 0;
  while (done < out.size()) {
    const ssize_t n = ::recv(fd, out.data() + done, out.size() - done, 0);
    if (n <= 0) return false;
    done += static_cast<std::size_t>(n);
  }
  return true;
}

int connect_loopback(int fd, Family family, std::uint16_t port) {
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_port = htons(port);
  v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port);
  v6.sin6_addr = IN6ADDR_LOOPBACK_INIT;
  return family == Family::V4 ? ::connect(fd, reinterpret_cast<const sockaddr*>(&v4), sizeof v4)
                              : ::connect(fd, reinterpret_cast<const sockaddr*>(&v6), sizeof v6);
}

}  // namespace

UniqueFd connect_to(Family family, Transport transport, std::uint16_t port) {
  UniqueFd fd(::socket(family == Family::V4 ? AF_INET : AF_INET6,
                       (transport == Transport::Udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, 0));
  const timeval patience{kPatienceMs / 1000, 0};
  ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  if (connect_loopback(fd.get(), family, port) != 0) fd.reset();
  return fd;
}

Octets ask_udp(Family family, std::uint16_t port, std::span<const std::uint8_t> query) {
  const UniqueFd fd = connect_to(family, Transport::Udp, port);
  Octets out(65535);
  if (::send(fd.get(), query.data(), query.size(), 0) < 0) return {};
  const ssize_t n = ::recv(fd.get(), out.data(), out.size(), 0);
  out.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
  return out;
}

void append_framed(Octets& stream, std::span<const std::uint8_t> query) {
  wire::ByteWriter writer(stream);
  writer.u16(static_cast<std::uint16_t>(query.size()));
  writer.put(query);
}

bool send_all(int fd, std::span<const std::uint8_t> octets) {
  std::size_t done = 0;
  while (done < octets.size()) {
    const ssize_t n = ::send(fd, octets.data() + done, octets.size() - done, MSG_NOSIGNAL);
    if (n <= 0) return false;
    done += static_cast<std::size_t>(n);
  }
  return true;
}

Octets read_framed(int fd) {
  std::uint8_t length[2];
  if (!read_exactly(fd, length)) return {};
  Octets out(wire::load_u16(length));
  if (!read_exactly(fd, out)) out.clear();
  return out;
}

Octets ask_tcp(int fd, std::span<const std::uint8_t> query) {
  Octets stream;
  append_framed(stream, query);
  if (!send_all(fd, stream)) return {};
  return read_framed(fd);
}

bool wait_until_closed(int fd) {
  pollfd watch{fd, POLLRDHUP, 0};
  return ::poll(&watch, 1, kPatienceMs) == 1;
}

}  // namespace imrs::test

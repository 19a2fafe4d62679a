// Serves until it is destroyed. Used by the tests that ask.
#include "played_server.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <stdexcept>

#include "agent/base/dns_sockets.h"
#include "tests/support/free_port.h"

namespace imrs::preflight {
namespace {

constexpr int kLook = 20;  // ms
constexpr std::size_t kTypeAt = 13, kEdnsAt = 20;

std::uint16_t u16_at(const Message& message, std::size_t at) {
  return message.size() < at + 2 ? std::uint16_t{0}
                                 : static_cast<std::uint16_t>(message[at] << 8 | message[at + 1]);
}

UniqueFd open(const IpAddress& address, Transport transport, std::uint16_t port) {
  auto fd = open_dns_socket(address.family, transport, address.text, port, {});
  if (!fd) throw std::runtime_error(fd.error().message);
  return std::move(*fd);
}

}  // namespace

Message response_to(const Message& query, std::size_t size) {
  Message response = query;
  response[2] |= 0x84;  // QR, AA
  response[7] = 1;
  if (response.size() < size) response.resize(size);
  return response;
}

std::uint16_t type_of(const Message& query) { return u16_at(query, kTypeAt); }
std::uint16_t edns_size_of(const Message& query) { return u16_at(query, kEdnsAt); }

PlayedServer::PlayedServer(const IpAddress& address, Answer answer)
    : answer_(std::move(answer)),
      port_(test::free_port(address.text)),
      udp_(open(address, Transport::Udp, port_)),
      tcp_(open(address, Transport::Tcp, port_)) {
  thread_ = std::thread([this] { serve(); });
}

PlayedServer::~PlayedServer() {
  ended_ = true;
  thread_.join();
}

void PlayedServer::serve() {
  while (!ended_) {
    std::array<pollfd, 2> waited{pollfd{udp_.get(), POLLIN, 0}, pollfd{tcp_.get(), POLLIN, 0}};
    if (::poll(waited.data(), waited.size(), kLook) <= 0) continue;
    if (waited[0].revents != 0) serve_udp();
    if (waited[1].revents != 0) serve_tcp();
  }
}

void PlayedServer::serve_udp() {
  Message query(4096);
  sockaddr_storage from{};
  socklen_t size = sizeof from;
  const ssize_t n = ::recvfrom(udp_.get(), query.data(), query.size(), 0, reinterpret_cast<sockaddr*>(&from),
                               &size);
  if (n <= 0) return;
  query.resize(static_cast<std::size_t>(n));
  ++queries_;
  for (const Message& one : answer_(query, Transport::Udp)) {
    ::sendto(udp_.get(), one.data(), one.size(), 0, reinterpret_cast<sockaddr*>(&from), size);
  }
}

// One query of one connection. No answer: it is closed.
void PlayedServer::serve_tcp() {
  const UniqueFd fd(::accept4(tcp_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  const timeval limit{1, 0};
  ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  Message query(4096);
  const ssize_t n = ::recv(fd.get(), query.data(), query.size(), 0);
  if (n <= 2) return;
  query.resize(static_cast<std::size_t>(n));
  query.erase(query.begin(), query.begin() + 2);
  ++queries_;
  for (Message one : answer_(query, Transport::Tcp)) {
    const auto size = static_cast<std::uint16_t>(one.size());
    one.insert(one.begin(), {static_cast<std::uint8_t>(size >> 8), static_cast<std::uint8_t>(size)});
    ::send(fd.get(), one.data(), one.size(), MSG_NOSIGNAL);
  }
}

}  // namespace imrs::preflight

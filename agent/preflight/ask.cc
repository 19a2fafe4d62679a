// Queries by UDP and TCP, one at a time. Called by checks.cc, as root, towards primaries and this machine's
// own service addresses. Everything that comes is untrusted: read_response() looks at it.
#include "agent/preflight/ask.h"

#include <poll.h>
#include <sys/random.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "agent/base/unique_fd.h"
#include "agent/preflight/socket_address.h"

namespace imrs::preflight {
namespace {

using Clock = std::chrono::steady_clock;
using Outcome = Exchange::Outcome;

Exchange failed(const Error& error) { return {Outcome::Failed, {}, error.message}; }

// Without entropy, which is only possible right after the boot, the time has to do.
std::uint16_t random_id() {
  std::uint16_t id = 0;
  if (::getrandom(&id, sizeof id, 0) == static_cast<ssize_t>(sizeof id)) return id;
  return static_cast<std::uint16_t>(Clock::now().time_since_epoch().count());
}

// False: the time is up.
bool wait_for(int fd, short events, Clock::time_point end) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now());
  if (left.count() <= 0) return false;
  pollfd waited{fd, events, 0};
  return ::poll(&waited, 1, static_cast<int>(left.count())) > 0;
}

Result<UniqueFd> open_socket(const Server& server, int type) {
  const int domain = server.address.family == Family::V4 ? AF_INET : AF_INET6;
  UniqueFd fd(::socket(domain, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return system_error("socket");
  if (server.source && server.source->family == server.address.family) {
    const SocketAddress source = socket_address(*server.source, 0);
    if (::bind(fd.get(), source.get(), source.size) != 0) return system_error("from " + server.source->text);
  }
  const SocketAddress target = socket_address(server.address, server.port);
  if (::connect(fd.get(), target.get(), target.size) != 0 && errno != EINPROGRESS) {
    return system_error("to " + server.address.text);
  }
  return fd;
}

// One try: what is no response to the question is passed over until the time is up.
Exchange ask_once(int fd, const Question& question, Clock::time_point end) {
  const std::uint16_t id = random_id();
  const auto message = question_message(id, question);
  if (::send(fd, message.data(), message.size(), MSG_NOSIGNAL) < 0) return failed(system_error("send"));
  std::array<std::uint8_t, 65536> piece;
  while (wait_for(fd, POLLIN, end)) {
    const ssize_t n = ::recv(fd, piece.data(), piece.size(), 0);
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (n < 0) return failed(system_error("receive"));
    const auto response = read_response({piece.data(), static_cast<std::size_t>(n)}, id, question);
    if (response) return {Outcome::Answered, *response, ""};
  }
  return {Outcome::Silent, {}, ""};
}

Exchange ask_by_udp(const Server& server, const Question& question, const Patience& patience) {
  const auto fd = open_socket(server, SOCK_DGRAM);
  if (!fd) return failed(fd.error());
  Exchange last;
  for (int i = 0; i < patience.tries; ++i) {
    last = ask_once(fd->get(), question, Clock::now() + patience.each);
    if (last.outcome != Outcome::Silent) break;
  }
  return last;
}

Result<void> finish_connecting(int fd, Clock::time_point end) {
  if (!wait_for(fd, POLLOUT, end)) return Error{Errc::Timeout, "the connection is not taken"};
  int error = 0;
  socklen_t size = sizeof error;
  if (::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) return system_error("SO_ERROR");
  if (error != 0) return system_error("connect", error);
  return {};
}

// Exactly `size` octets.
Result<std::vector<std::uint8_t>> receive(int fd, std::size_t size, Clock::time_point end) {
  std::vector<std::uint8_t> out(size);
  std::size_t have = 0;
  while (have < size) {
    if (!wait_for(fd, POLLIN, end)) return Error{Errc::Timeout, "connected, but nothing came in time"};
    const ssize_t n = ::recv(fd, out.data() + have, size - have, 0);
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (n < 0) return system_error("receive");
    if (n == 0) return Error{Errc::Closed, "the connection was closed without a response"};
    have += static_cast<std::size_t>(n);
  }
  return out;
}

Result<Response> ask_by_tcp(const Server& server, const Question& question, Clock::time_point end) {
  const auto fd = open_socket(server, SOCK_STREAM);
  if (!fd) return fd.error();
  if (auto connected = finish_connecting(fd->get(), end); !connected) return connected.error();
  const std::uint16_t id = random_id();
  auto message = question_message(id, question);
  const auto size = static_cast<std::uint16_t>(message.size());
  message.insert(message.begin(), {static_cast<std::uint8_t>(size >> 8), static_cast<std::uint8_t>(size)});
  if (::send(fd->get(), message.data(), message.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(message.size())) {
    return system_error("send");
  }
  const auto head = receive(fd->get(), 2, end);
  if (!head) return head.error();
  const auto body = receive(fd->get(), static_cast<std::size_t>((*head)[0] << 8 | (*head)[1]), end);
  if (!body) return body.error();
  return read_response(*body, id, question);
}

}  // namespace

Exchange ask(const Server& server, Transport transport, const Question& question, const Patience& patience) {
  if (transport == Transport::Udp) return ask_by_udp(server, question, patience);
  const auto response = ask_by_tcp(server, question, Clock::now() + patience.each);
  if (response) return {Outcome::Answered, *response, ""};
  return failed(response.error());
}

}  // namespace imrs::preflight

// Reads the socket's error queue (IP_RECVERR in ip(7)), for which nobody needs a privilege. Called by
// checks.cc.
#include "agent/preflight/hop.h"

#include <linux/errqueue.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <poll.h>

#include <array>
#include <cstring>
#include <optional>
#include <span>

#include "agent/base/unique_fd.h"
#include "agent/preflight/socket_address.h"

namespace imrs::preflight {
namespace {

// A limit of 1 is what the router next to us complains of, which no firewall farther out could have dropped.
// It comes last, only to tell "nothing from outside" from "nothing at all".
constexpr int kLimits[] = {2, 3, 1};
constexpr int kPatience = 1000;  // ms, for each

bool set(int fd, bool v4, int name4, int name6, int value) {
  return v4 ? ::setsockopt(fd, IPPROTO_IP, name4, &value, sizeof value) == 0
            : ::setsockopt(fd, IPPROTO_IPV6, name6, &value, sizeof value) == 0;
}

UniqueFd open_socket(const Server& server) {
  const bool v4 = server.address.family == Family::V4;
  UniqueFd fd(::socket(v4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd || !set(fd.get(), v4, IP_RECVERR, IPV6_RECVERR, 1)) return {};
  if (server.source && server.source->family == server.address.family) {
    const SocketAddress source = socket_address(*server.source, 0);
    if (::bind(fd.get(), source.get(), source.size) != 0) return {};
  }
  const SocketAddress target = socket_address(server.address, server.port);
  if (::connect(fd.get(), target.get(), target.size) != 0) return {};
  return fd;
}

// "Time exceeded", whichever family's.
bool is_hop_limit(const sock_extended_err& error) {
  return (error.ee_origin == SO_EE_ORIGIN_ICMP && error.ee_type == ICMP_TIME_EXCEEDED) ||
         (error.ee_origin == SO_EE_ORIGIN_ICMP6 && error.ee_type == ICMP6_TIME_EXCEEDED);
}

// Who has sent the error that lies there; empty: it was another one.
std::string read_reporter(int fd) {
  std::array<char, 512> content;
  alignas(cmsghdr) std::array<char, 512> control{};
  iovec part{content.data(), content.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  if (::recvmsg(fd, &message, MSG_ERRQUEUE) < 0) return "";
  for (cmsghdr* head = CMSG_FIRSTHDR(&message); head != nullptr; head = CMSG_NXTHDR(&message, head)) {
    const bool of_ip = (head->cmsg_level == IPPROTO_IP && head->cmsg_type == IP_RECVERR) ||
                       (head->cmsg_level == IPPROTO_IPV6 && head->cmsg_type == IPV6_RECVERR);
    if (!of_ip || head->cmsg_len < CMSG_LEN(sizeof(sock_extended_err) + sizeof(sockaddr_in))) continue;
    const auto* const error = reinterpret_cast<const sock_extended_err*>(CMSG_DATA(head));
    if (!is_hop_limit(*error)) continue;
    const auto offender = ip_address(SO_EE_OFFENDER(error));
    return offender ? offender->text : std::string("somebody");
  }
  return "";
}

// Who says that this hop limit was too small; empty: nobody; nothing: it could not be sent.
std::optional<std::string> reporter_at(const Server& server, std::span<const std::uint8_t> message,
                                       int limit) {
  const bool v4 = server.address.family == Family::V4;
  const UniqueFd fd = open_socket(server);
  if (!fd || !set(fd.get(), v4, IP_TTL, IPV6_UNICAST_HOPS, limit)) return {};
  if (::send(fd.get(), message.data(), message.size(), MSG_NOSIGNAL) < 0) return {};
  pollfd waited{fd.get(), POLLIN, 0};
  if (::poll(&waited, 1, kPatience) <= 0 || (waited.revents & POLLERR) == 0) return "";
  return read_reporter(fd.get());
}

}  // namespace

HopSeen provoke_icmp(const Server& server, const Question& question) {
  HopSeen seen{.family = server.address.family, .target = server.address.text, .reporter = "", .hops = 0};
  const auto message = question_message(0, question);
  for (const int limit : kLimits) {
    const auto reporter = reporter_at(server, message, limit);
    if (!reporter) return seen;
    if (reporter->empty()) continue;
    seen.reporter = *reporter;
    seen.hops = limit;
    return seen;
  }
  return seen;
}

}  // namespace imrs::preflight

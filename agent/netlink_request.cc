// Sends and reads netlink messages. Called by what needs rtnetlink. It must not believe a length.
#include "agent/netlink_request.h"

#include <sys/socket.h>

#include <algorithm>
#include <string>

#include "agent/base/unique_fd.h"

namespace imrs::agent {

void NetlinkRequest::attribute(std::uint16_t type, const void* data, std::size_t size) {
  const std::size_t at = NLMSG_ALIGN(header().nlmsg_len);
  rtattr head{};
  head.rta_len = static_cast<std::uint16_t>(RTA_LENGTH(size));
  head.rta_type = type;
  std::memcpy(bytes_.data() + at, &head, sizeof head);
  std::memcpy(bytes_.data() + at + RTA_LENGTH(0), data, size);
  header().nlmsg_len = static_cast<std::uint32_t>(at + RTA_ALIGN(RTA_LENGTH(size)));
}

Result<std::size_t> NetlinkRequest::exchange() {
  UniqueFd fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!fd) return system_error("netlink socket");
  if (::send(fd.get(), bytes_.data(), header().nlmsg_len, 0) < 0) return system_error("netlink send");
  const ssize_t size = ::recv(fd.get(), reply_.data(), reply_.size(), 0);
  if (size < static_cast<ssize_t>(NLMSG_HDRLEN)) return system_error("netlink receive");
  return static_cast<std::size_t>(size);
}

Result<void> NetlinkRequest::perform(std::string_view what) {
  header().nlmsg_flags |= NLM_F_ACK;
  const auto size = exchange();
  if (!size) return size.error().within(what);
  nlmsgerr verdict{};
  if (*size < NLMSG_LENGTH(sizeof verdict)) return Error{Errc::System, std::string(what) + ": short answer"};
  std::memcpy(&verdict, reply_.data() + NLMSG_HDRLEN, sizeof verdict);
  if (verdict.error != 0) return system_error(what, -verdict.error);
  return {};
}

Result<std::span<const char>> NetlinkRequest::ask(int& refusal) {
  refusal = 0;
  const auto size = exchange();
  if (!size) return size.error();
  nlmsghdr answer{};
  std::memcpy(&answer, reply_.data(), sizeof answer);
  if (answer.nlmsg_len < NLMSG_HDRLEN || answer.nlmsg_len > *size) {
    return Error{Errc::System, "netlink: an answer of an impossible length"};
  }
  const std::span<const char> body(reply_.data() + NLMSG_HDRLEN, answer.nlmsg_len - NLMSG_HDRLEN);
  if (answer.nlmsg_type != NLMSG_ERROR) return body;
  nlmsgerr verdict{};
  if (body.size() < sizeof verdict) return Error{Errc::System, "netlink: short answer"};
  std::memcpy(&verdict, body.data(), sizeof verdict);
  refusal = -verdict.error;
  return std::span<const char>();
}

std::span<const char> find_attribute(std::span<const char> attributes, std::uint16_t type) {
  while (attributes.size() >= sizeof(rtattr)) {
    rtattr head{};
    std::memcpy(&head, attributes.data(), sizeof head);
    if (head.rta_len < sizeof head || head.rta_len > attributes.size()) break;
    if (head.rta_type == type) return attributes.subspan(RTA_LENGTH(0), head.rta_len - RTA_LENGTH(0));
    attributes = attributes.subspan(std::min<std::size_t>(RTA_ALIGN(head.rta_len), attributes.size()));
  }
  return {};
}

}  // namespace imrs::agent

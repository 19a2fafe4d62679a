// sendmsg/recvmsg with SCM_RIGHTS over a socketpair. Used by the agent and all its children; never
// blocks in send, so that a child that hangs cannot hang the agent.
#include "agent/base/channel.h"

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

namespace imrs {
namespace {

struct alignas(cmsghdr) Control {
  std::array<char, CMSG_SPACE(sizeof(int) * kMaxPacketFds)> bytes;
};

std::vector<UniqueFd> take_descriptors(msghdr& header) {
  std::vector<UniqueFd> fds;
  for (cmsghdr* c = CMSG_FIRSTHDR(&header); c != nullptr; c = CMSG_NXTHDR(&header, c)) {
    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof fd);
      fds.emplace_back(fd);
    }
  }
  return fds;
}

}  // namespace

std::uint32_t Packet::type() const {
  std::uint32_t type = 0;
  if (bytes.size() >= sizeof type) std::memcpy(&type, bytes.data(), sizeof type);
  return type;
}

Result<std::pair<Channel, Channel>> Channel::make_pair() {
  std::array<int, 2> fds{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds.data()) != 0) {
    return system_error("socketpair");
  }
  return std::pair(Channel(UniqueFd(fds[0])), Channel(UniqueFd(fds[1])));
}

Result<void> Channel::send(std::span<const std::uint8_t> bytes, std::span<const int> fds) const {
  if (bytes.size() > kMaxPacket || fds.size() > kMaxPacketFds) {
    return Error{Errc::InvalidInput, "message too large for a channel"};
  }
  iovec part{const_cast<std::uint8_t*>(bytes.data()), bytes.size()};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  Control control{};
  if (!fds.empty()) {
    header.msg_control = control.bytes.data();
    header.msg_controllen = CMSG_SPACE(fds.size_bytes());
    cmsghdr* c = CMSG_FIRSTHDR(&header);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(fds.size_bytes());
    std::memcpy(CMSG_DATA(c), fds.data(), fds.size_bytes());
  }
  while (::sendmsg(fd_.get(), &header, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
    if (errno == EINTR) continue;
    if (errno == EAGAIN) return Error{Errc::Unavailable, "peer does not read its channel"};
    if (errno == EPIPE || errno == ECONNRESET) return Error{Errc::Closed, "peer has gone"};
    return system_error("send on a channel");
  }
  return {};
}

Result<std::optional<Packet>> Channel::receive() const {
  Packet packet;
  packet.bytes.resize(kMaxPacket);
  iovec part{packet.bytes.data(), packet.bytes.size()};
  Control control;
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control.bytes.data();
  header.msg_controllen = control.bytes.size();
  ssize_t n = 0;
  do {
    n = ::recvmsg(fd_.get(), &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  } while (n < 0 && errno == EINTR);
  if (n < 0 && errno == EAGAIN) return std::optional<Packet>{};
  if (n < 0 && errno == ECONNRESET) return Error{Errc::Closed, "peer has gone"};
  if (n < 0) return system_error("receive on a channel");
  packet.fds = take_descriptors(header);
  if (n == 0) return Error{Errc::Closed, "peer has gone"};
  if ((header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) {
    return Error{Errc::InvalidInput, "message on a channel is cut"};
  }
  packet.bytes.resize(static_cast<std::size_t>(n));
  return std::optional<Packet>(std::move(packet));
}

Result<Packet> Channel::wait(int timeout_ms) const {
  for (;;) {
    auto packet = receive();
    if (!packet) return packet.error();
    if (*packet) return std::move(**packet);
    pollfd watch{fd_.get(), POLLIN, 0};
    const int ready = ::poll(&watch, 1, timeout_ms);
    if (ready < 0 && errno != EINTR) return system_error("poll of a channel");
    if (ready == 0) return Error{Errc::Timeout, "no message on the channel in time"};
  }
}

}  // namespace imrs

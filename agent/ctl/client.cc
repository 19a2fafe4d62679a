// The connection of imrsctl. Called by its commands; blocks.
#include "agent/ctl/client.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

namespace imrs::ctl {
namespace {

constexpr timeval kLimit{3, 0};               // of each wait
constexpr std::size_t kMaxAnswer = 8U << 20;  // octets

Error cannot_connect(const std::string& socket) {
  switch (errno) {
    case ENOENT:
    case ECONNREFUSED:
      return Error{Errc::Unavailable, socket + ": no agent listens there; is it running, and is that its " +
                                          "\"control_socket\" (--socket)?"};
    case EACCES: return Error{Errc::Refused, socket + ": permission denied; only root may ask the agent"};
    default: return system_error(socket);
  }
}

Result<void> send_line(int fd, const std::string& line) {
  const ssize_t sent = ::send(fd, line.data(), line.size(), MSG_NOSIGNAL);
  if (sent == static_cast<ssize_t>(line.size())) return {};
  return system_error("ask the agent");
}

ssize_t receive(int fd, std::vector<char>& piece, UniqueFd& descriptor) {
  iovec part{piece.data(), piece.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const ssize_t n = ::recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
  const cmsghdr* const header = n > 0 ? CMSG_FIRSTHDR(&message) : nullptr;
  if (header != nullptr && header->cmsg_type == SCM_RIGHTS) {
    int received = -1;
    std::memcpy(&received, CMSG_DATA(header), sizeof received);
    descriptor = UniqueFd(received);
  }
  return n;
}

}  // namespace

Result<std::string> ask_agent(const std::string& socket, const std::string& request) {
  auto answer = ask_agent_for_descriptor(socket, request);
  if (!answer) return answer.error();
  return std::move(answer->text);
}

Result<AgentAnswer> ask_agent_for_descriptor(const std::string& socket, const std::string& request) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket.size() >= sizeof address.sun_path) {
    return Error{Errc::InvalidInput, socket + ": a socket's name has at most 107 octets"};
  }
  std::memcpy(address.sun_path, socket.data(), socket.size());
  const UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd) return system_error("socket");
  ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &kLimit, sizeof kLimit);
  ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &kLimit, sizeof kLimit);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return cannot_connect(socket);
  }
  if (auto sent = send_line(fd.get(), request + "\n"); !sent) return sent.error();
  AgentAnswer out;
  std::string& answer = out.text;
  std::vector<char> piece(64 * 1024);
  for (;;) {
    const ssize_t n = receive(fd.get(), piece, out.descriptor);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Error{Errc::Timeout, socket + ": the agent does not answer"};
    if (n == 0) break;
    answer.append(piece.data(), static_cast<std::size_t>(n));
    if (answer.size() > kMaxAnswer) return Error{Errc::InvalidInput, socket + ": this is not the agent"};
  }
  if (answer.empty() || answer.back() != '\n') {
    return Error{Errc::Closed, socket + ": the agent closed the connection (too many others, or it ends)"};
  }
  answer.pop_back();
  return out;
}

}  // namespace imrs::ctl

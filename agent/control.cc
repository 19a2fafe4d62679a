// Serves the control socket. Called by the supervisor. Whoever connects can cost the agent a few octets and a
// descriptor for a moment, and nothing else.
#include "agent/control.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "agent/base/log.h"
#include "agent/spawn.h"

namespace imrs::agent {
namespace {

namespace asio = boost::asio;
constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);
constexpr std::chrono::milliseconds kPause{100};  // after a failed accept

Result<void> make_directory_of(const std::string& path) {
  const std::string directory = path.substr(0, path.rfind('/'));
  if (directory.empty() || ::mkdir(directory.c_str(), 0755) == 0 || errno == EEXIST) return {};
  return system_error("control socket: " + directory);
}

// Only root, whatever the file's mode has become.
bool is_root(int socket) {
  ucred peer{};
  socklen_t size = sizeof peer;
  return ::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.uid == 0;
}

// The first octet, with the descriptor; how many were sent. Nothing has been sent before: there is room.
std::size_t send_with(int socket, const std::string& text, int descriptor) {
  iovec part{const_cast<char*>(text.data()), 1};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof descriptor)> control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  cmsghdr* const header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof descriptor);
  std::memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
  return ::sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT) == 1 ? 1 : 0;
}

}  // namespace

Result<UniqueFd> open_control_socket(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    return Error{Errc::InvalidInput, "control socket: " + path + " is longer than 107 octets"};
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  const auto* const name = reinterpret_cast<const sockaddr*>(&address);
  if (auto made = make_directory_of(path); !made) return made.error();
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return system_error("socket");
  const UniqueFd other(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (::connect(other.get(), name, sizeof address) == 0) {
    return Error{Errc::Refused, "control socket: another program listens at " + path};
  }
  struct stat status {};
  if (errno == ECONNREFUSED && ::lstat(path.c_str(), &status) == 0 && S_ISSOCK(status.st_mode)) {
    ::unlink(path.c_str());
  }
  const mode_t mask = ::umask(0177);
  const bool bound = ::bind(fd.get(), name, sizeof address) == 0;
  const int failure = errno;
  ::umask(mask);
  if (!bound) return system_error("control socket: " + path, failure);
  if (::listen(fd.get(), static_cast<int>(ControlServer::kMaxConnections)) != 0) {
    return system_error("control socket: " + path);
  }
  return fd;
}

asio::awaitable<void> ControlServer::run(UniqueFd listener) {
  asio::local::stream_protocol::acceptor acceptor(executor_);
  fd_ = listener.get();
  acceptor.assign(asio::local::stream_protocol(), listener.release());
  asio::steady_timer pause(executor_);
  for (;;) {
    auto [error, socket] = co_await acceptor.async_accept(kNoThrow);
    if (error == asio::error::operation_aborted) co_return;
    if (error) {  // no descriptor left, or such
      pause.expires_after(kPause);
      (void)co_await pause.async_wait(kNoThrow);
      continue;
    }
    if (connections_ >= kMaxConnections || !is_root(socket.native_handle())) continue;  // closes it
    ++connections_;
    spawn(executor_, serve(std::move(socket)));
  }
}

asio::awaitable<void> ControlServer::serve(Socket socket) {
  using namespace asio::experimental::awaitable_operators;
  asio::steady_timer timer(executor_, kLimit);
  (void)co_await (talk(socket) || timer.async_wait(kNoThrow));
  --connections_;
}

asio::awaitable<void> ControlServer::talk(Socket& socket) {
  std::string request;
  auto [error, size] = co_await asio::async_read_until(socket, asio::dynamic_buffer(request, kMaxRequest),
                                                       '\n', kNoThrow);
  if (error) co_return;
  const ControlReply reply = answer_(std::string_view(request).substr(0, size - 1));
  const std::string text = reply.text + "\n";
  const std::size_t sent = reply.descriptor < 0 ? 0
                                                : send_with(socket.native_handle(), text, reply.descriptor);
  (void)co_await asio::async_write(socket, asio::buffer(text) + sent, kNoThrow);
}

}  // namespace imrs::agent

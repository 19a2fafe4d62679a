// The socket side of talking to BIRD. Called by the speaker. Everything has a time limit, since a
// stopped BIRD still accepts connections (the kernel does) and then says nothing.
#include "bgp/control.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

namespace imrs::bgp {
namespace {

namespace asio = boost::asio;
using asio::local::stream_protocol;
using boost::system::error_code;
constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);
constexpr int kGreeting = 1;

// `work` or Errc::Timeout.
template <typename T>
asio::awaitable<Result<T>> within(asio::awaitable<Result<T>> work, std::chrono::milliseconds limit,
                                  std::string what) {
  using namespace asio::experimental::awaitable_operators;
  asio::steady_timer timer(co_await asio::this_coro::executor, limit);
  auto first = co_await (std::move(work) || timer.async_wait(kNoThrow));
  if (first.index() == 0) co_return std::get<0>(std::move(first));
  co_return Error{Errc::Timeout,
                  fmt::format("BIRD accepts connections but does not answer (stopped or hung?): no {} "
                              "within {} ms",
                              what, limit.count())};
}

Error not_there(const std::string& path, const error_code& error) {
  const std::string_view remedy =
      error == asio::error::access_denied
          ? "start bird with -g and a group the agent is in"
          : "is bird running, and is bgp.control_socket the -s it was started with?";
  return Error{Errc::Unavailable, fmt::format("connecting to {}: {} ({})", path, error.message(), remedy)};
}

// The kernel tells who called listen(2), whoever was to answer. None if that process has gone already.
UniqueFd pidfd_of_listener(int socket) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 || peer.pid <= 0) return UniqueFd();
  return UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, peer.pid, 0)));
}

Error lost(const error_code& error) {
  return Error{Errc::Closed, fmt::format("BIRD has closed the control connection: {}", error.message())};
}

}  // namespace

asio::awaitable<Result<Control>> Control::open(std::string path, std::chrono::milliseconds limit,
                                               UniqueFd* listener) {
  if (path.empty() || path.size() >= sizeof(sockaddr_un{}.sun_path)) {
    co_return Error{Errc::InvalidInput,
                    fmt::format("control socket {}: must be a file name of at most {} octets", path,
                                sizeof(sockaddr_un{}.sun_path) - 1)};
  }
  Control control(Socket(co_await asio::this_coro::executor), limit);
  auto greeted = co_await within(control.greet(path, listener), limit, "greeting");
  if (!greeted) co_return greeted.error();
  co_return std::move(control);
}

asio::awaitable<Result<void>> Control::greet(std::string path, UniqueFd* listener) {
  auto [error] = co_await socket_.async_connect(stream_protocol::endpoint(path), kNoThrow);
  if (error) co_return not_there(path, error);
  if (listener != nullptr) *listener = pidfd_of_listener(socket_.native_handle());
  const auto greeting = co_await read_reply();
  if (!greeting) co_return greeting.error();
  if (greeting->code != kGreeting) {
    co_return Error{Errc::InvalidInput,
                    fmt::format("{} is not BIRD's control socket: it greets with \"{:04} {}\"", path,
                                greeting->code, greeting->text)};
  }
  co_return Result<void>();
}

asio::awaitable<Result<Reply>> Control::ask(std::string command) {
  if (command.size() > kMaxCommand || command.find('\n') != std::string::npos) {
    co_return Error{Errc::InvalidInput, "a command to BIRD must be one line of at most 900 octets"};
  }
  const std::string what = fmt::format("reply to `{}`", command);
  auto reply = co_await within(exchange(std::move(command) + "\n"), limit_, what);
  if (!reply) close();
  co_return reply;
}

asio::awaitable<Result<Reply>> Control::exchange(std::string line) {
  auto [error, written] = co_await asio::async_write(socket_, asio::buffer(line), kNoThrow);
  if (error) co_return lost(error);
  auto reply = co_await read_reply();
  if (reply && reader_.take_reply()) {
    co_return Error{Errc::InvalidInput, "BIRD has answered more than it was asked"};
  }
  co_return reply;
}

asio::awaitable<Result<Reply>> Control::read_reply() {
  std::array<char, 4096> bytes;
  for (;;) {
    if (auto reply = reader_.take_reply()) co_return *std::move(reply);
    auto [error, size] = co_await socket_.async_read_some(asio::buffer(bytes), kNoThrow);
    if (error) co_return lost(error);
    if (auto fed = reader_.feed({bytes.data(), size}); !fed) co_return fed.error();
    (void)reader_.take_async();  // only this connection's own doing, and it asks for none
  }
}

asio::awaitable<void> Control::readable() { (void)co_await socket_.async_wait(Socket::wait_read, kNoThrow); }

void Control::close() {
  error_code ignored;
  socket_.close(ignored);
}

}  // namespace imrs::bgp

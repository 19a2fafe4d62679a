// agent/control.h
// The operator's way in: a Unix socket that imrsctl asks. One line in ("status"), one JSON text out, and the
// connection ends. For root only: the file's mode says so, and the kernel tells who it is (SO_PEERCRED).
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "agent/base/result.h"
#include "agent/base/unique_fd.h"

namespace imrs::agent {

// A listening socket at `path`, mode 0600; its directory is made if it is not there. A socket that nobody
// listens at any more is replaced. Errc::Refused: somebody does. Call it before privileges are dropped.
[[nodiscard]] Result<UniqueFd> open_control_socket(const std::string& path);

// Text, and perhaps a descriptor that goes along (SCM_RIGHTS); it stays the agent's.
struct ControlReply {
  std::string text;
  int descriptor = -1;
};

class ControlServer {
 public:
  // What a line without its end is answered with; must not block.
  using Answer = std::function<ControlReply(std::string_view request)>;

  static constexpr std::size_t kMaxRequest = 1024;   // octets
  static constexpr std::size_t kMaxConnections = 8;  // more are closed at once
  static constexpr std::chrono::seconds kLimit{2};   // of one connection, from accepting to its end

  ControlServer(boost::asio::any_io_executor executor, Answer answer)
      : executor_(std::move(executor)), answer_(std::move(answer)) {}

  // Of the listener; -1 before run(). For handing over.
  [[nodiscard]] int fd() const noexcept { return fd_; }

  // Until cancelled. `listener`: of open_control_socket().
  boost::asio::awaitable<void> run(UniqueFd listener);

 private:
  using Socket = boost::asio::local::stream_protocol::socket;
  boost::asio::awaitable<void> serve(Socket socket);
  boost::asio::awaitable<void> talk(Socket& socket);

  boost::asio::any_io_executor executor_;
  Answer answer_;
  std::size_t connections_ = 0;
  int fd_ = -1;
};

}  // namespace imrs::agent

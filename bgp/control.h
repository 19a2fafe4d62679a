// bgp/control.h
// One connection to BIRD's control socket, by coroutine: connect, greeting, one command at a time. It
// never closes between a command and its reply unless the time is over (a command followed at once by
// close may be dropped unread). One thread; never blocks.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <chrono>
#include <string>
#include <string_view>

#include "agent/base/result.h"
#include "agent/base/unique_fd.h"
#include "bgp/reply.h"

namespace imrs::bgp {

class Control {
 public:
  // BIRD drops a connection with 1024 octets in flight, and 4095 without LF hang it for ever.
  static constexpr std::size_t kMaxCommand = 900;

  // Connected and greeted. `limit` is for both together and for each reply later. Errc::Timeout if BIRD
  // says nothing; Errc::Unavailable if it is not there. `listener`, which outlives the call, becomes a pidfd
  // of the process that listens, as soon as there is a connection, greeted or not; null: nobody asks.
  [[nodiscard]] static boost::asio::awaitable<Result<Control>> open(std::string path,
                                                                    std::chrono::milliseconds limit,
                                                                    UniqueFd* listener = nullptr);

  // One command without LF, and its whole reply, whatever its verdict. After an error the connection is
  // closed and the outcome unknown. Not for `help`, `quit` and `exit`, which BIRD does not answer. One
  // command at a time.
  [[nodiscard]] boost::asio::awaitable<Result<Reply>> ask(std::string command);

  // Returns when there is something to read: with no command in flight, most likely the end of file.
  [[nodiscard]] boost::asio::awaitable<void> readable();

 private:
  using Socket = boost::asio::local::stream_protocol::socket;

  Control(Socket socket, std::chrono::milliseconds limit) : socket_(std::move(socket)), limit_(limit) {}

  boost::asio::awaitable<Result<void>> greet(std::string path, UniqueFd* listener);
  boost::asio::awaitable<Result<Reply>> exchange(std::string line);
  boost::asio::awaitable<Result<Reply>> read_reply();
  void close();

  Socket socket_;
  std::chrono::milliseconds limit_;
  ReplyReader reader_;
};

}  // namespace imrs::bgp

// Waits for a channel to become readable and empties it. Used for the launcher and each child. It must
// never wait for a peer to read: Channel::send never blocks.
#include "agent/async_channel.h"

#include <fcntl.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace imrs::agent {
namespace asio = boost::asio;

AsyncChannel::AsyncChannel(asio::any_io_executor executor, Channel channel)
    : channel_(std::move(channel)),
      readable_(std::move(executor), ::fcntl(channel_.fd(), F_DUPFD_CLOEXEC, 0)) {}

asio::awaitable<Error> AsyncChannel::read_all(std::function<void(Packet)> on_message) {
  for (;;) {
    auto packet = channel_.receive();
    if (!packet) co_return packet.error();
    if (*packet) {
      on_message(std::move(**packet));
      if (!channel_.valid()) co_return Error{Errc::Closed, "closed"};
      continue;
    }
    auto [error] = co_await readable_.async_wait(asio::posix::stream_descriptor::wait_read,
                                                 asio::as_tuple(asio::use_awaitable));
    if (error) co_return Error{Errc::Closed, "closed"};
  }
}

void AsyncChannel::close() {
  boost::system::error_code ignored;
  readable_.close(ignored);
  channel_.close();
}

}  // namespace imrs::agent

// Waits for a channel to become readable and empties it. Used for the launcher and each child. It must
// never wait for a peer to read (Channel::send never blocks), nor let one that floods hold up the loop.
#include "agent/async_channel.h"

#include <fcntl.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace imrs::agent {
namespace asio = boost::asio;
namespace {

constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);
constexpr int kMessagesPerTurn = 16;

}  // namespace

Result<std::shared_ptr<AsyncChannel>> AsyncChannel::make(const asio::any_io_executor& executor,
                                                         Channel channel) {
  UniqueFd duplicate(::fcntl(channel.fd(), F_DUPFD_CLOEXEC, 0));
  if (!duplicate) return system_error("duplicating a channel");
  return std::shared_ptr<AsyncChannel>(new AsyncChannel(executor, std::move(channel), std::move(duplicate)));
}

AsyncChannel::AsyncChannel(const asio::any_io_executor& executor, Channel channel, UniqueFd duplicate)
    : channel_(std::move(channel)), readable_(executor, duplicate.release()) {}

asio::awaitable<Error> AsyncChannel::read_all(std::function<void(Packet)> on_message) {
  for (int read = 1;; ++read) {
    if (read % kMessagesPerTurn == 0) co_await asio::post(readable_.get_executor(), asio::use_awaitable);
    if (!channel_.valid()) co_return Error{Errc::Closed, "closed"};
    auto packet = channel_.receive();
    if (!packet) co_return packet.error();
    if (*packet) {
      on_message(std::move(**packet));
      continue;
    }
    const auto [error] = co_await readable_.async_wait(asio::posix::stream_descriptor::wait_read, kNoThrow);
    if (error) co_return Error{Errc::Closed, "closed"};
  }
}

void AsyncChannel::close() {
  boost::system::error_code ignored;
  readable_.close(ignored);
  channel_.close();
}

}  // namespace imrs::agent

// agent/async_channel.h
// A Channel on the agent's event loop: messages are handed to a callback as they come.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <functional>
#include <memory>

#include "agent/base/channel.h"

namespace imrs::agent {

class AsyncChannel {
 public:
  // Errc::System when there is no descriptor left.
  [[nodiscard]] static Result<std::shared_ptr<AsyncChannel>> make(
      const boost::asio::any_io_executor& executor, Channel channel);

  // Until the peer has gone, a message is malformed beyond reading, or close() is called; the error
  // says which. However much the peer sends, the loop has its turn every few messages.
  boost::asio::awaitable<Error> read_all(std::function<void(Packet)> on_message);

  [[nodiscard]] const Channel& channel() const noexcept { return channel_; }
  void close();

 private:
  AsyncChannel(const boost::asio::any_io_executor& executor, Channel channel, UniqueFd duplicate);

  Channel channel_;
  boost::asio::posix::stream_descriptor readable_;  // a duplicate, only waited on
};

}  // namespace imrs::agent

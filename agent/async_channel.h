// agent/async_channel.h
// A Channel on the agent's event loop: messages are handed to a callback as they come.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <functional>

#include "agent/base/channel.h"

namespace imrs::agent {

class AsyncChannel {
 public:
  AsyncChannel(boost::asio::any_io_executor executor, Channel channel);

  // Until the peer has gone, a message is malformed beyond reading, or close() is called; the error
  // says which.
  boost::asio::awaitable<Error> read_all(std::function<void(Packet)> on_message);

  [[nodiscard]] const Channel& channel() const noexcept { return channel_; }
  void close();

 private:
  Channel channel_;
  boost::asio::posix::stream_descriptor readable_;  // a duplicate, only waited on
};

}  // namespace imrs::agent

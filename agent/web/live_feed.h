// agent/web/live_feed.h
// Server-sent events (HTML Living Standard, section 9.2): what is published reaches everybody who listens.
// Single thread.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <list>
#include <memory>
#include <string>
#include <string_view>

namespace imrs::web {

class LiveFeed {
 public:
  static constexpr std::size_t kMaxListeners = 24;
  static constexpr std::size_t kMaxWaiting = 16;  // events; a listener that takes none is let go
  static constexpr std::chrono::seconds kKeepAlive{10};

  explicit LiveFeed(boost::asio::any_io_executor executor) : executor_(std::move(executor)) {}

  // `data`: one line.
  void publish(std::string_view event, std::string_view data);

  class Listener {
   public:
    explicit Listener(boost::asio::any_io_executor executor) : wake_(std::move(executor)) {}
    // The next piece of the stream, a comment if there is nothing for kKeepAlive; empty: it is over.
    boost::asio::awaitable<std::string> next();

   private:
    friend class LiveFeed;
    boost::asio::steady_timer wake_;
    std::deque<std::shared_ptr<const std::string>> waiting_;
    bool over_ = false;
  };

  // Null: there are too many. Listens until it is released.
  [[nodiscard]] std::shared_ptr<Listener> listen();

 private:
  boost::asio::any_io_executor executor_;
  std::list<std::weak_ptr<Listener>> listeners_;
};

}  // namespace imrs::web

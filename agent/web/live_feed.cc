// Events to listeners. Called by the server, and by the connections that listen.
#include "agent/web/live_feed.h"

#include <fmt/format.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace imrs::web {
namespace {

namespace asio = boost::asio;
constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);

}  // namespace

void LiveFeed::publish(std::string_view event, std::string_view data) {
  const auto text = std::make_shared<const std::string>(fmt::format("event: {}\ndata: {}\n\n", event, data));
  for (auto each = listeners_.begin(); each != listeners_.end();) {
    const auto listener = each->lock();
    if (!listener || listener->over_) {
      each = listeners_.erase(each);
      continue;
    }
    listener->over_ = listener->waiting_.size() >= kMaxWaiting;
    if (!listener->over_) listener->waiting_.push_back(text);
    listener->wake_.cancel();
    ++each;
  }
}

std::shared_ptr<LiveFeed::Listener> LiveFeed::listen() {
  std::erase_if(listeners_, [](const auto& listener) { return listener.expired(); });
  if (listeners_.size() >= kMaxListeners) return nullptr;
  auto listener = std::make_shared<Listener>(executor_);
  listeners_.push_back(listener);
  return listener;
}

asio::awaitable<std::string> LiveFeed::Listener::next() {
  if (waiting_.empty() && !over_) {
    wake_.expires_after(kKeepAlive);
    (void)co_await wake_.async_wait(kNoThrow);
  }
  if (over_) co_return std::string();
  if (waiting_.empty()) co_return std::string(": nothing new\n\n");
  const std::string text = *waiting_.front();
  waiting_.pop_front();
  co_return text;
}

}  // namespace imrs::web

// agent/web/connection.h
// One HTTP/1.1 connection (RFC 9112), plain or by TLS, from its first request to its end. Internal to the
// server.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <functional>
#include <memory>
#include <string_view>

#include "agent/web/limits.h"
#include "agent/web/live_feed.h"
#include "agent/web/site.h"

namespace imrs::web {

struct Handling {
  std::function<Reply(std::string_view method, std::string_view target)> answer;
  LiveFeed* feed = nullptr;  // of a Reply that lives
};

// Ends when the client closes, is too slow, asks for something malformed, too long or with a body (it is
// told so, then closed), or wants no more. Never throws for anything the client does. `tls`: null: none.
boost::asio::awaitable<void> serve_connection(boost::asio::ip::tcp::socket socket,
                                              std::shared_ptr<boost::asio::ssl::context> tls, Limits limits,
                                              Handling handling);

}  // namespace imrs::web

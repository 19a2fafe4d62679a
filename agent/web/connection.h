// agent/web/connection.h
// One HTTP/1.1 connection (RFC 9112), from its first request to its end. Internal to the server.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <functional>
#include <string_view>

#include "agent/web/limits.h"
#include "agent/web/site.h"

namespace imrs::web {

using Answer = std::function<Reply(std::string_view method, std::string_view target)>;

// Ends when the client closes, is too slow, asks for something malformed, too long or with a body (it is
// told so, then closed), or wants no more. Never throws for anything the client does.
boost::asio::awaitable<void> serve_connection(boost::asio::ip::tcp::socket socket, Limits limits,
                                              Answer answer);

}  // namespace imrs::web

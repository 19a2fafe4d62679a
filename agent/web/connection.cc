// Reads requests and writes replies with Beast, one after the other. Called by the server for each accepted
// connection. It holds at most one request's header and one reply, and waits for nothing without a limit.
#include "agent/web/connection.h"

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/serializer.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <ctime>
#include <optional>

namespace imrs::web {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;

using Response = http::response<http::string_body>;
using Parser = http::request_parser<http::empty_body>;

constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t kReadAhead = 512;  // a pipelined request may start in the buffer
constexpr std::size_t kLingerBytes = 64 * 1024;

std::string_view view(beast::string_view text) { return {text.data(), text.size()}; }

std::string http_date() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  std::array<char, 40> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts)};
}

Response make_response(Reply reply, unsigned version, bool keep_alive) {
  Response response{http::int_to_status(reply.status), version};
  response.set(http::field::server, "imrs-web");
  response.set(http::field::date, http_date());
  response.set(http::field::content_type,
               beast::string_view(reply.content_type.data(), reply.content_type.size()));
  response.set(http::field::cache_control, "no-store");
  response.set("Content-Security-Policy",
               "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; "
               "form-action 'none'; frame-ancestors 'none'");
  response.set("X-Content-Type-Options", "nosniff");
  response.set("Referrer-Policy", "no-referrer");
  if (reply.status == 405) response.set(http::field::allow, "GET, HEAD");
  response.keep_alive(keep_alive);
  response.body() = std::move(reply.body);
  response.prepare_payload();
  return response;
}

// What to tell a client whose request could not be read; nothing if it is not there to be told.
std::optional<Reply> refusal(const beast::error_code& error) {
  if (error == http::error::header_limit || error == http::error::buffer_overflow) {
    return failure(431, "request line and header are too long");
  }
  if (error == http::error::end_of_stream || error == http::error::partial_message) return {};
  if (error.category() == http::make_error_code(http::error::end_of_stream).category()) {
    return failure(400, "not an HTTP/1.1 request");
  }
  return {};
}

class Connection {
 public:
  Connection(asio::ip::tcp::socket socket, const Limits& limits, Answer answer)
      : stream_(std::move(socket)),
        limits_(limits),
        answer_(std::move(answer)),
        buffer_(limits.header_bytes + kReadAhead) {}

  asio::awaitable<void> run() {
    for (bool more = true; more;) {
      stream_.expires_after(limits_.request);
      more = co_await serve_one();  // g++ 12 miscompiles `a && co_await b`
      if (more) more = co_await next_request();
    }
  }

 private:
  // False: the connection is over.
  asio::awaitable<bool> serve_one() {
    Parser parser;
    parser.header_limit(limits_.header_bytes);
    parser.body_limit(boost::none);  // a body is not read at all
    auto [error, size] = co_await http::async_read_header(stream_, buffer_, parser, kNoThrow);
    if (error) {
      if (auto reply = refusal(error)) co_await refuse(std::move(*reply));
      co_return false;
    }
    const auto& request = parser.get();
    Reply reply = answer_(view(request.method_string()), view(request.target()));
    if (request.version() != 10 && request.count(http::field::host) != 1) {
      reply = failure(400, "a request needs one Host field");
    } else if (!parser.is_done() && reply.status != 405) {
      reply = failure(413, "a request with a body is not taken");
    }
    if (reply.status == 400 || !parser.is_done()) {
      co_await refuse(std::move(reply));
      co_return false;
    }
    const bool head = request.method() == http::verb::head;
    const bool sent = co_await send(make_response(std::move(reply), request.version(), request.keep_alive()),
                                    head);
    co_return sent&& request.keep_alive();
  }

  // Waits for the next request's first octets. False: none came.
  asio::awaitable<bool> next_request() {
    if (buffer_.size() > 0) co_return true;
    stream_.expires_after(limits_.idle);
    auto [error, size] = co_await stream_.async_read_some(buffer_.prepare(kReadAhead), kNoThrow);
    if (error) co_return false;
    buffer_.commit(size);
    co_return true;
  }

  asio::awaitable<bool> send(Response response, bool head) {
    http::response_serializer<http::string_body> serializer{response};
    stream_.expires_after(limits_.send);
    if (head) {
      auto [error, size] = co_await http::async_write_header(stream_, serializer, kNoThrow);
      co_return !error;
    }
    auto [error, size] = co_await http::async_write(stream_, serializer, kNoThrow);
    co_return !error;
  }

  // Closing with unread octets would reset the connection, and the client might never see the reply.
  asio::awaitable<void> refuse(Reply reply) {
    const bool sent = co_await send(make_response(std::move(reply), 11, false), false);
    if (!sent) co_return;
    beast::error_code ignored;
    stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
    stream_.expires_after(limits_.linger);
    std::array<char, 4096> rest;
    for (std::size_t total = 0; total < kLingerBytes;) {
      auto [error, size] = co_await stream_.async_read_some(asio::buffer(rest), kNoThrow);
      if (error) co_return;
      total += size;
    }
  }

  beast::tcp_stream stream_;
  const Limits& limits_;
  Answer answer_;
  beast::flat_buffer buffer_;
};

}  // namespace

asio::awaitable<void> serve_connection(asio::ip::tcp::socket socket, Limits limits, Answer answer) {
  Connection connection(std::move(socket), limits, std::move(answer));
  co_await connection.run();
}

}  // namespace imrs::web

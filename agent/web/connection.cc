// Reads requests and writes replies with Beast, one after the other. Called by the server for each accepted
// connection. It holds at most one request's header and one reply, and waits for nothing without a limit.
#include "agent/web/connection.h"

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <ctime>
#include <optional>
#include <sstream>
#include <type_traits>
#include <utility>

#include "agent/web/gzip.h"

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

// What is the same in every response: nothing is kept, nothing is taken from elsewhere, no script or style is
// in the page itself.
template <typename Message>
void set_fields(Message& response, std::string_view content_type) {
  response.set(http::field::server, "imrs-web");
  response.set(http::field::date, http_date());
  response.set(http::field::content_type, beast::string_view(content_type.data(), content_type.size()));
  response.set(http::field::cache_control, "no-store");
  response.set("Content-Security-Policy",
               "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
               "base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
  response.set("X-Content-Type-Options", "nosniff");
  response.set("X-Frame-Options", "DENY");
  response.set("Referrer-Policy", "no-referrer");
  response.set("Cross-Origin-Resource-Policy", "same-origin");
  response.set("Permissions-Policy", "camera=(), geolocation=(), microphone=()");
}

Response make_response(Reply reply, unsigned version, bool keep_alive) {
  Response response{http::int_to_status(reply.status), version};
  set_fields(response, reply.content_type);
  if (reply.status == 405) response.set(http::field::allow, "GET, HEAD");
  if (reply.status == 429) response.set(http::field::retry_after, "1");
  response.keep_alive(keep_alive);
  response.body() = std::move(reply.body);
  response.prepare_payload();
  return response;
}

// Serialized at once: Beast's own asynchronous writers, for two kinds of stream, took a minute to compile.
template <typename Message>
std::string header_text(const Message& message) {
  std::ostringstream out;
  out << message.base();
  return std::move(out).str();
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

// Over which a connection runs.
using Plain = beast::tcp_stream;
using Secure = beast::ssl_stream<beast::tcp_stream>;

template <typename Stream>
class Connection {
 public:
  template <typename... StreamArguments>
  Connection(const Limits& limits, Handling handling, StreamArguments&&... arguments)
      : stream_(std::forward<StreamArguments>(arguments)...),
        limits_(limits),
        handling_(std::move(handling)),
        buffer_(limits.header_bytes + kReadAhead) {}

  asio::awaitable<void> run() {
    const bool ready = co_await shake_hands();
    for (bool more = ready; more;) {
      limit(limits_.request);
      more = co_await serve_one();  // g++ 12 miscompiles `a && co_await b`
      if (more) more = co_await next_request();
    }
  }

 private:
  void limit(std::chrono::milliseconds time) { beast::get_lowest_layer(stream_).expires_after(time); }

  asio::awaitable<bool> shake_hands() {
    if constexpr (std::is_same_v<Stream, Secure>) {
      limit(limits_.handshake);
      auto [error] = co_await stream_.async_handshake(asio::ssl::stream_base::server, kNoThrow);
      co_return !error;
    }
    co_return true;
  }

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
    Reply reply = handling_.answer(view(request.method_string()), view(request.target()));
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
    if (reply.lives && !head) {
      co_await stream_events(request.version());
      co_return false;
    }
    Response response = make_response(std::move(reply), request.version(), request.keep_alive());
    compress(response, view(request[http::field::accept_encoding]));
    std::string text = header_text(response);
    if (!head) text += response.body();
    const bool sent = co_await send(std::move(text));
    co_return sent&& request.keep_alive();
  }

  void compress(Response& response, std::string_view accepted) const {
    if (response.body().size() < limits_.worth_compressing || !takes_gzip(accepted)) return;
    auto shorter = gzip(response.body());
    if (!shorter) return;
    response.body() = std::move(*shorter);
    response.set(http::field::content_encoding, "gzip");
    response.set(http::field::vary, "Accept-Encoding");
    response.prepare_payload();
  }

  // Server-sent events until the client has gone, or does not take them.
  asio::awaitable<void> stream_events(unsigned version) {
    const auto listener = handling_.feed->listen();
    if (!listener) {
      co_await refuse(failure(503, "too many are listening already"));
      co_return;
    }
    http::response<http::empty_body> head{http::status::ok, version};
    set_fields(head, "text/event-stream");
    head.keep_alive(false);
    std::string text = header_text(head);
    bool alive = co_await send(std::move(text));
    while (alive) {
      beast::get_lowest_layer(stream_).expires_never();
      text = co_await listener->next();
      if (text.empty()) co_return;
      alive = co_await send(std::move(text));
    }
  }

  // Waits for the next request's first octets. False: none came.
  asio::awaitable<bool> next_request() {
    if (buffer_.size() > 0) co_return true;
    limit(limits_.idle);
    auto [error, size] = co_await stream_.async_read_some(buffer_.prepare(kReadAhead), kNoThrow);
    if (error) co_return false;
    buffer_.commit(size);
    co_return true;
  }

  asio::awaitable<bool> send(std::string text) {
    limit(limits_.send);
    auto [error, size] = co_await asio::async_write(stream_, asio::buffer(text), kNoThrow);
    co_return !error;
  }

  // Closing with unread octets would reset the connection, and the client might never see the reply.
  asio::awaitable<void> refuse(Reply reply) {
    const Response response = make_response(std::move(reply), 11, false);
    std::string text = header_text(response) + response.body();
    const bool sent = co_await send(std::move(text));
    if (!sent) co_return;
    beast::error_code ignored;
    beast::get_lowest_layer(stream_).socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
    limit(limits_.linger);
    std::array<char, 4096> rest;
    for (std::size_t total = 0; total < kLingerBytes;) {
      auto [error, size] = co_await stream_.async_read_some(asio::buffer(rest), kNoThrow);
      if (error) co_return;
      total += size;
    }
  }

  Stream stream_;
  const Limits& limits_;
  Handling handling_;
  beast::flat_buffer buffer_;
};

}  // namespace

asio::awaitable<void> serve_connection(asio::ip::tcp::socket socket, std::shared_ptr<asio::ssl::context> tls,
                                       Limits limits, Handling handling) {
  if (tls) {
    Connection<Secure> connection(limits, std::move(handling), std::move(socket), *tls);
    co_await connection.run();
  } else {
    Connection<Plain> connection(limits, std::move(handling), std::move(socket));
    co_await connection.run();
  }
}

}  // namespace imrs::web

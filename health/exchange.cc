// The probe's packets. Called by Prober only; a socket of its own for each question, so that a late
// answer to an earlier one cannot be taken for this one's. It must never retry: what was lost is
// evidence.
#include "health/exchange.h"

#include <sys/socket.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "dns/wire/bytes.h"

namespace imrs::health {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t kMaxUdp = 4096;

Error own_fault(const error_code& error, std::string_view what) {
  return Error{Errc::Unavailable, std::string(what) + ": " + error.message()};
}
Error cut(const error_code& error) {
  return Error{Errc::Closed, error.message()};
}

// Opens a socket with the target's mark.
template <typename Socket>
Result<void> open_marked(Socket& socket, const Target& target) {
  using Protocol = typename Socket::protocol_type;
  error_code error;
  socket.open(target.family == Family::V4 ? Protocol::v4() : Protocol::v6(), error);
  if (error) return own_fault(error, "socket");
  const std::uint32_t mark = target.mark;
  if (::setsockopt(socket.native_handle(), SOL_SOCKET, SO_MARK, &mark, sizeof mark) != 0) {
    return Error{Errc::Unavailable, system_error("SO_MARK").message};
  }
  return {};
}

template <typename Protocol>
typename Protocol::endpoint endpoint_of(const Target& target) {
  return {asio::ip::make_address(target.address), target.port};
}

}  // namespace

asio::awaitable<Response> exchange_udp(const Target& target, std::span<const std::uint8_t> query) {
  asio::ip::udp::socket socket(co_await asio::this_coro::executor);
  if (auto opened = open_marked(socket, target); !opened) co_return opened.error();
  error_code error;
  socket.connect(endpoint_of<asio::ip::udp>(target), error);
  if (error) co_return own_fault(error, "connect");
  auto [sent_error, sent] =
      co_await socket.async_send(asio::buffer(query.data(), query.size()), kNoThrow);
  if (sent_error) co_return own_fault(sent_error, "send");
  std::vector<std::uint8_t> response(kMaxUdp);
  for (;;) {
    auto [read_error, size] = co_await socket.async_receive(asio::buffer(response), kNoThrow);
    if (read_error) co_return cut(read_error);
    if (size < 2 || wire::load_u16(response.data()) != wire::load_u16(query.data())) continue;
    response.resize(size);
    co_return response;
  }
}

asio::awaitable<Response> exchange_tcp(const Target& target, std::span<const std::uint8_t> query) {
  asio::ip::tcp::socket socket(co_await asio::this_coro::executor);
  if (auto opened = open_marked(socket, target); !opened) co_return opened.error();
  auto [connect_error] =
      co_await socket.async_connect(endpoint_of<asio::ip::tcp>(target), kNoThrow);
  if (connect_error) co_return cut(connect_error);
  std::array<std::uint8_t, 2> length{};
  wire::store_u16(length.data(), static_cast<std::uint16_t>(query.size()));
  const std::array parts{asio::buffer(length.data(), length.size()),
                         asio::buffer(const_cast<std::uint8_t*>(query.data()), query.size())};
  auto [write_error, written] = co_await asio::async_write(socket, parts, kNoThrow);
  if (write_error) co_return cut(write_error);
  auto [length_error, got] = co_await asio::async_read(socket, asio::buffer(length), kNoThrow);
  if (length_error) co_return cut(length_error);
  std::vector<std::uint8_t> response(wire::load_u16(length.data()));
  auto [read_error, size] = co_await asio::async_read(socket, asio::buffer(response), kNoThrow);
  if (read_error) co_return cut(read_error);
  // Reset instead of TIME_WAIT: sixty probes a second would hold thousands of ports.
  error_code ignored;
  socket.set_option(asio::socket_base::linger(true, 0), ignored);
  co_return response;
}

}  // namespace imrs::health

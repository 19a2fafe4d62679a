// A question by TCP, on a connection of its own. Called by Prober only. It must never retry, and never ask
// another machine (see probe_udp.cc).
#include <netinet/in.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "dns/wire/bytes.h"
#include "health/probe_socket.h"

namespace imrs::health {
namespace {

namespace asio = boost::asio;
constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);

// The port is chosen when it connects, as one that is free towards this target; and every end is a reset,
// for sixty probes a second would hold thousands of ports in TIME_WAIT. Set behind Asio's back: it undoes a
// linger of its own when a socket is destroyed.
Result<void> prepare(int socket) {
  const int on = 1;
  const linger reset{.l_onoff = 1, .l_linger = 0};
  auto late_port = set_option(socket, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on,
                              "IP_BIND_ADDRESS_NO_PORT");
  if (!late_port) return late_port;
  return set_option(socket, SOL_SOCKET, SO_LINGER, &reset, sizeof reset, "SO_LINGER");
}

}  // namespace

asio::awaitable<Response> exchange_tcp(const Target& target, std::span<const std::uint8_t> query) {
  asio::ip::tcp::socket socket(co_await asio::this_coro::executor);
  if (auto opened = open_marked(socket, target); !opened) co_return opened.error();
  if (auto prepared = prepare(socket.native_handle()); !prepared) co_return prepared.error();
  if (auto bound = bind_here(socket, target); !bound) co_return bound.error();
  auto [connect_error] = co_await socket.async_connect(endpoint_of<asio::ip::tcp>(target), kNoThrow);
  if (connect_error) co_return failure(connect_error, "connect");
  std::array<std::uint8_t, 2> length{};
  wire::store_u16(length.data(), static_cast<std::uint16_t>(query.size()));
  const std::array parts{asio::buffer(length.data(), length.size()),
                         asio::buffer(const_cast<std::uint8_t*>(query.data()), query.size())};
  auto [write_error, written] = co_await asio::async_write(socket, parts, kNoThrow);
  if (write_error) co_return failure(write_error, "send");
  auto [length_error, got] = co_await asio::async_read(socket, asio::buffer(length), kNoThrow);
  if (length_error) co_return failure(length_error, "receive");
  std::vector<std::uint8_t> response(wire::load_u16(length.data()));
  auto [read_error, size] = co_await asio::async_read(socket, asio::buffer(response), kNoThrow);
  if (read_error) co_return failure(read_error, "receive");
  co_return response;
}

}  // namespace imrs::health

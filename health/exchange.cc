// The probe's packets. Called by Prober only; a socket of its own for each question, so that a late
// answer to an earlier one cannot be taken for this one's. It must never retry: what was lost is
// evidence. It must never ask another machine: an anycast address that is gone here is somewhere else.
#include "health/exchange.h"

#include <netinet/in.h>
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

// What the engine's end can cause (its port closed, its connection cut, the address' route gone); for
// everything else (no memory, no port, a firewall) it is not to blame.
bool others_fault(const error_code& error) {
  namespace e = asio::error;
  return error == e::connection_refused || error == e::connection_reset || error == e::timed_out ||
         error == e::network_unreachable || error == e::host_unreachable || error == e::broken_pipe ||
         error == e::eof;
}
Error failure(const error_code& error, std::string_view what) {
  if (!others_fault(error)) return own_fault(error, what);
  return Error{Errc::Closed, std::string(what) + ": " + error.message()};
}

template <typename Socket>
Result<void> set_option(Socket& socket, int level, int name, const auto& value, const char* what) {
  if (::setsockopt(socket.native_handle(), level, name, &value, sizeof value) == 0) return {};
  return Error{Errc::Unavailable, system_error(what).message};
}

// For TCP: the port is chosen when it connects, as one that is free towards this target; and every end is
// a reset, for sixty probes a second would hold thousands of ports in TIME_WAIT. Set behind Asio's
// back: it undoes a linger of its own when a socket is destroyed.
Result<void> prepare(asio::ip::tcp::socket& socket) {
  const int on = 1;
  auto late_port = set_option(socket, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, on, "IP_BIND_ADDRESS_NO_PORT");
  if (!late_port) return late_port;
  return set_option(socket, SOL_SOCKET, SO_LINGER, linger{.l_onoff = 1, .l_linger = 0}, "SO_LINGER");
}
Result<void> prepare(asio::ip::udp::socket&) { return {}; }

// Opens a socket with the target's mark, at the target's own address.
template <typename Socket>
Result<void> open_here(Socket& socket, const Target& target) {
  using Protocol = typename Socket::protocol_type;
  error_code error;
  socket.open(target.family == Family::V4 ? Protocol::v4() : Protocol::v6(), error);
  if (error) return own_fault(error, "socket");
  auto marked = set_option(socket, SOL_SOCKET, SO_MARK, target.mark, "SO_MARK");
  if (!marked) return marked;
  if (auto prepared = prepare(socket); !prepared) return prepared;
  socket.bind({asio::ip::make_address(target.address), 0}, error);
  if (error == boost::system::errc::address_not_available) {
    return Error{Errc::Closed, "the service address is not on this machine"};
  }
  if (error) return own_fault(error, "bind");
  return {};
}

template <typename Protocol>
typename Protocol::endpoint endpoint_of(const Target& target) {
  return {asio::ip::make_address(target.address), target.port};
}

}  // namespace

asio::awaitable<Response> exchange_udp(const Target& target, std::span<const std::uint8_t> query) {
  asio::ip::udp::socket socket(co_await asio::this_coro::executor);
  if (auto opened = open_here(socket, target); !opened) co_return opened.error();
  error_code error;
  socket.connect(endpoint_of<asio::ip::udp>(target), error);
  if (error) co_return failure(error, "connect");
  auto [sent_error, sent] = co_await socket.async_send(asio::buffer(query.data(), query.size()), kNoThrow);
  if (sent_error) co_return failure(sent_error, "send");
  std::vector<std::uint8_t> response(kMaxUdp);
  for (;;) {
    auto [read_error, size] = co_await socket.async_receive(asio::buffer(response), kNoThrow);
    if (read_error) co_return failure(read_error, "receive");
    if (size < 2 || wire::load_u16(response.data()) != wire::load_u16(query.data())) continue;
    response.resize(size);
    co_return response;
  }
}

asio::awaitable<Response> exchange_tcp(const Target& target, std::span<const std::uint8_t> query) {
  asio::ip::tcp::socket socket(co_await asio::this_coro::executor);
  if (auto opened = open_here(socket, target); !opened) co_return opened.error();
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

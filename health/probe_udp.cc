// A question by UDP. Called by Prober only; a socket of its own for each question, so that a late answer to
// an earlier one cannot be taken for this one's. It must never retry: what was lost is evidence. It must
// never ask another machine: an anycast address that is gone here is somewhere else.
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "dns/wire/bytes.h"
#include "health/probe_socket.h"

namespace imrs::health {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t kMaxUdp = 4096;

}  // namespace

asio::awaitable<Response> exchange_udp(const Target& target, std::span<const std::uint8_t> query) {
  asio::ip::udp::socket socket(co_await asio::this_coro::executor);
  if (auto opened = open_marked(socket, target); !opened) co_return opened.error();
  if (auto bound = bind_here(socket, target); !bound) co_return bound.error();
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

}  // namespace imrs::health

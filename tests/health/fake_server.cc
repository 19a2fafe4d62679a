// The fake server's two loops.
#include "fake_server.h"

#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "agent/base/unique_fd.h"
#include "dns/wire/bytes.h"
#include "tests/support/free_port.h"

namespace imrs::health::test {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using asio::ip::udp;
constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);

}  // namespace

bool may_mark() {
  const UniqueFd fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const std::uint32_t mark = 0;
  return ::setsockopt(fd.get(), SOL_SOCKET, SO_MARK, &mark, sizeof mark) == 0;
}

Octets framed(const Octets& message) {
  Octets out(2 + message.size());
  wire::store_u16(out.data(), static_cast<std::uint16_t>(message.size()));
  std::ranges::copy(message, out.begin() + 2);
  return out;
}

FakeServer::FakeServer(asio::io_context& io, const std::string& address)
    : udp_(io, udp::endpoint(asio::ip::make_address(address), imrs::test::free_port(address))),
      tcp_(io, tcp::endpoint(udp_.local_endpoint().address(), udp_.local_endpoint().port())) {
  asio::co_spawn(io, serve_udp(), asio::detached);
  asio::co_spawn(io, accept(), asio::detached);
}

Target FakeServer::target(Transport transport) const {
  const auto local = udp_.local_endpoint();
  return {.family = local.address().is_v4() ? Family::V4 : Family::V6,
          .transport = transport,
          .address = local.address().to_string(),
          .port = local.port()};
}

asio::awaitable<void> FakeServer::serve_udp() {
  for (;;) {
    Octets query(4096);
    udp::endpoint peer;
    auto [error, size] = co_await udp_.async_receive_from(asio::buffer(query), peer, kNoThrow);
    if (error) co_return;
    query.resize(size);
    asked.push_back({peer.address().to_string(), query});
    const Parts parts = answer ? answer(query) : Parts();
    for (const Octets& part : parts) udp_.send_to(asio::buffer(part), peer);
  }
}

asio::awaitable<void> FakeServer::accept() {
  for (;;) {
    auto [error, socket] = co_await tcp_.async_accept(kNoThrow);
    if (error) co_return;
    asio::co_spawn(tcp_.get_executor(), serve_tcp(std::move(socket)), asio::detached);
  }
}

asio::awaitable<void> FakeServer::serve_tcp(tcp::socket socket) {
  boost::system::error_code gone;  // already
  const std::string from = socket.remote_endpoint(gone).address().to_string();
  Octets length(2);
  auto [length_error, two] = co_await asio::async_read(socket, asio::buffer(length), kNoThrow);
  if (length_error) {
    end = length_error;
    co_return;
  }
  Octets query(wire::load_u16(length.data()));
  auto [query_error, size] = co_await asio::async_read(socket, asio::buffer(query), kNoThrow);
  if (query_error) {
    end = query_error;
    co_return;
  }
  asked.push_back({from, query});
  const Parts parts = answer ? answer(query) : Parts();
  for (const Octets& part : parts) {
    auto [write_error, written] = co_await asio::async_write(socket, asio::buffer(part), kNoThrow);
    if (write_error) co_return;
  }
  if (hangs_up) co_return;
  auto [end_error, more] = co_await asio::async_read(socket, asio::buffer(length), kNoThrow);
  end = end_error;
}

}  // namespace imrs::health::test

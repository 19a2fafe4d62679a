// tests/health/fake_server.h
// A DNS server on loopback, on the test's own event loop, that does to each query what the test says.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "health/prober.h"

namespace imrs::health::test {

using Octets = std::vector<std::uint8_t>;
using Parts = std::vector<Octets>;

// False without CAP_NET_ADMIN: no question can be asked then.
[[nodiscard]] bool may_mark();

// One address, one free port, UDP and TCP. Destroy it only after the loop has stopped running it.
class FakeServer {
 public:
  FakeServer(boost::asio::io_context& io, const std::string& address);

  // Datagrams, or over TCP octets of the stream (with lengths), sent one after the other; none: mute.
  std::function<Parts(const Octets& query)> answer;
  bool hangs_up = false;  // TCP: closes after the answer, instead of waiting for the client to do so

  [[nodiscard]] Target target(Transport transport) const;

  struct Asked {
    std::string from;  // address
    Octets query;
  };
  std::vector<Asked> asked;
  std::optional<boost::system::error_code> end;  // how the last TCP client went away

 private:
  boost::asio::awaitable<void> serve_udp();
  boost::asio::awaitable<void> accept();
  boost::asio::awaitable<void> serve_tcp(boost::asio::ip::tcp::socket socket);

  boost::asio::ip::udp::socket udp_;
  boost::asio::ip::tcp::acceptor tcp_;
};

// `message` with its length before it, as over TCP.
[[nodiscard]] Octets framed(const Octets& message);

// Runs the loop until `done` or the limit; what `done` says then.
template <typename Done>
bool run_until(boost::asio::io_context& io, Done done) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!done() && std::chrono::steady_clock::now() < end) {
    io.restart();
    io.run_one_for(std::chrono::milliseconds(20));
  }
  return done();
}

}  // namespace imrs::health::test

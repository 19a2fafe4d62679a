// tests/agent/preflight/played_server.h
// A name server of the test's on a loopback address: one UDP and one TCP socket with the same port, and what
// it answers to each query.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <thread>
#include <vector>

#include "agent/base/unique_fd.h"
#include "agent/config/config.h"

namespace imrs::preflight {

using Message = std::vector<std::uint8_t>;
using Messages = std::vector<Message>;

// The query made a response: NOERROR with one answer (which is not there), and filled up to `size` octets.
[[nodiscard]] Message response_to(const Message& query, std::size_t size = 0);
// The type it asks for, and the size that its EDNS says; 0: none. Only of queries for the root.
[[nodiscard]] std::uint16_t type_of(const Message& query);
[[nodiscard]] std::uint16_t edns_size_of(const Message& query);

class PlayedServer {
 public:
  // `answer`: what is sent back, each as a datagram or a message of its own.
  using Answer = std::function<Messages(const Message& query, Transport transport)>;
  PlayedServer(const IpAddress& address, Answer answer);
  PlayedServer(const PlayedServer&) = delete;
  PlayedServer& operator=(const PlayedServer&) = delete;
  ~PlayedServer();

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] int queries() const { return queries_; }

 private:
  void serve();
  void serve_udp();
  void serve_tcp();

  Answer answer_;
  const std::uint16_t port_;
  UniqueFd udp_, tcp_;
  std::atomic<bool> ended_ = false;
  std::atomic<int> queries_ = 0;
  std::thread thread_;
};

}  // namespace imrs::preflight

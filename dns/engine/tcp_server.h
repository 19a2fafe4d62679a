// dns/engine/tcp_server.h
// All TCP connections of one worker (RFC 7766, RFC 9210): pipelined queries, answers in order, time
// limits, bounded memory. Edge: the worker's epoll set; this class adds and removes its own descriptors.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

#include "agent/base/unique_fd.h"
#include "agent/base/worker_page.h"
#include "dns/answer/responder.h"
#include "dns/engine/tcp_framing.h"

namespace imrs::engine {

struct TcpLimits {
  std::size_t connections = 1000;           // public ones, per worker
  std::size_t probe_connections = 64;       // reserved for the agent
  std::chrono::milliseconds idle{10000};    // without progress in either direction
  std::chrono::milliseconds total{120000};  // of a connection's life
  std::size_t output = 128 * 1024;          // octets waiting to be sent; beyond, no more is read
};

class TcpServer {
 public:
  using Clock = std::chrono::steady_clock;

  // Events of connections carry `tag | slot` as epoll data; the upper 32 bits are the worker's to tell
  // apart, a slot has 32 bits.
  TcpServer(int epoll_fd, std::uint64_t tag, TcpLimits limits, WorkerPage& page);

  // Accepts what waits at a listening socket. `counters` null: the agent's probes.
  void accept(int listener, TrafficCounters* counters, Clock::time_point now);

  // An event of the connection in `slot`.
  void serve(std::uint32_t slot, const image::Image& image, const answer::Identity& identity,
             Clock::time_point now);

  // Closes what has been idle or open for too long. Call a few times a second.
  void expire(Clock::time_point now);

  [[nodiscard]] std::size_t open() const noexcept { return open_public_ + open_probes_; }

 private:
  struct Connection {
    UniqueFd fd;
    TcpFraming framing;
    std::vector<std::uint8_t> output;
    std::size_t sent = 0;  // of output
    TrafficCounters* counters = nullptr;
    Clock::time_point opened, progress;
    bool finished = false;        // the client has closed its side
    bool waits_for_room = false;  // EPOLLOUT is asked for
  };

  void add(UniqueFd fd, TrafficCounters* counters, Clock::time_point now);
  void close(std::size_t slot);
  bool close_oldest();
  bool read_queries(Connection& connection, Clock::time_point now);
  bool answer_waiting(Connection& connection, const image::Image& image, const answer::Identity& identity,
                      Clock::time_point now);
  void answer(Connection& connection, const image::Image& image, const answer::Identity& identity);
  bool flush(Connection& connection, Clock::time_point now);
  void watch(std::size_t slot, Connection& connection);

  int epoll_;
  std::uint64_t tag_;
  TcpLimits limits_;
  WorkerPage& page_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<std::uint32_t> free_;
  std::size_t open_public_ = 0, open_probes_ = 0;
  std::vector<std::uint8_t> response_;
};

}  // namespace imrs::engine

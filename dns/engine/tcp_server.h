// dns/engine/tcp_server.h
// All TCP connections of one worker (RFC 7766, RFC 9210): pipelined queries, answers in order, time
// limits, bounded memory, limits per client and in total. Edge: the worker's epoll set; this class adds and
// removes its own descriptors.
#pragma once

#include <sys/socket.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "agent/base/unique_fd.h"
#include "agent/counts/worker_page.h"
#include "dns/engine/answerer.h"
#include "dns/engine/client_shares.h"
#include "dns/engine/tcp_framing.h"

namespace imrs::engine {

struct TcpLimits {
  std::size_t connections = 1000;           // public ones, per worker
  std::size_t per_client = 250;             // of these; a client is an IPv4 address or an IPv6 /64
  std::size_t probe_connections = 64;       // reserved for the agent
  std::chrono::milliseconds idle{10000};    // without progress in either direction; told by RFC 7828
  std::chrono::milliseconds total{120000};  // of a connection's life
  std::size_t output = 16 * 1024;           // octets waiting to be sent; beyond, no more is answered
  std::size_t held = 6 << 20;               // octets that all public connections together keep, per worker
};

class TcpServer {
 public:
  using Clock = std::chrono::steady_clock;

  // Events of connections carry `tag | slot` as epoll data; the upper 32 bits are the worker's to tell
  // apart, a slot has 32 bits. `client_key`: of ClientShares. `answerer` must outlive it.
  TcpServer(int epoll_fd, std::uint64_t tag, TcpLimits limits, HashKey client_key, WorkerPage& page,
            Answerer& answerer);

  // Accepts what waits at a listening socket, and answers what the new connections have already sent; of the
  // public ones for a bounded time. `counters` null: the agent's probes.
  void accept(int listener, TrafficCounters* counters, Clock::time_point now);

  // An event of the connection in `slot`.
  void serve(std::uint32_t slot, Clock::time_point now);

  // The slot is open and one of the agent's.
  [[nodiscard]] bool is_probe(std::uint32_t slot) const noexcept;

  // Closes what has been idle or open for too long. Call a few times a second.
  void expire(Clock::time_point now);

  // Nothing of the queries is in memory any more but what belongs to an open connection.
  void forget() noexcept;

  [[nodiscard]] std::size_t open() const noexcept { return open_public_ + open_probes_; }

 private:
  struct Connection {
    UniqueFd fd;
    std::array<std::uint8_t, 16> address{};
    std::uint8_t address_size = 0;
    std::vector<std::uint8_t> input;   // the beginning of a message, or what is not wanted yet
    std::vector<std::uint8_t> output;  // what the client has not taken yet
    std::size_t sent = 0;              // of output
    std::size_t held = 0;              // octets of both, as counted
    TrafficCounters* counters = nullptr;
    Clock::time_point opened, progress;
    bool finished = false;        // the client has closed its side, or is not listened to any more
    bool watched = false;         // in the epoll set
    bool waits_for_room = false;  // for EPOLLOUT
  };

  bool make_room(std::span<const std::uint8_t> address, const TrafficCounters* counters);
  void add(UniqueFd fd, std::span<const std::uint8_t> address, TrafficCounters* counters,
           Clock::time_point now);
  void close(std::size_t slot);
  bool close_oldest(bool who_holds = false);
  void account(Connection& connection) noexcept;
  bool exchange(Connection& connection, Clock::time_point now);
  bool read_queries(Connection& connection, std::size_t& size, Clock::time_point now);
  bool answer_all(Connection& connection, std::span<const std::uint8_t> stream, Clock::time_point now);
  bool send_scratch(Connection& connection, std::size_t size, Clock::time_point now);
  bool flush(Connection& connection, Clock::time_point now);
  bool watch(std::size_t slot, Connection& connection);

  int epoll_;
  std::uint64_t tag_;
  TcpLimits limits_;
  WorkerPage& page_;
  Answerer& answerer_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<std::uint32_t> free_;
  std::vector<std::unique_ptr<Connection>> spare_;  // closed ones, for the next
  ClientShares shares_;
  std::size_t open_public_ = 0, open_probes_ = 0;
  std::size_t held_ = 0;                          // octets, of the public ones
  std::vector<std::uint8_t> received_, answers_;  // of the connection being served
  std::size_t used_ = 0;                          // octets of received_ that were written to since forget()
};

}  // namespace imrs::engine

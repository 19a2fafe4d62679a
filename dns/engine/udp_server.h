// dns/engine/udp_server.h
// One UDP socket of one worker: a batch of queries in, a batch of responses out.
#pragma once

#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <memory>

#include "agent/counts/worker_page.h"
#include "dns/engine/answerer.h"
#include "dns/wire/protocol.h"

namespace imrs::engine {

// The memory of a batch, shared by all UDP sockets of a worker. Allocated once.
class UdpBatch {
 public:
  static constexpr std::size_t kMessages = 64;
  static constexpr std::size_t kQuerySize =
      1344;  // a longer query is cut, and FORMERR then; an odd number of
             // cache lines, or all headers would meet in one set

  UdpBatch();

  // Receives up to a batch from `fd` without waiting, answers it and sends. `counters` null: probes,
  // which are counted in page.probes only. Returns how many messages came; kMessages means that more
  // may be waiting. No allocation, no other system call than recvmmsg and sendmmsg.
  std::size_t serve(int fd, Answerer& answerer, WorkerPage& page, TrafficCounters* counters) noexcept;

  // Nothing of the queries, and of who sent them, is in memory any more.
  void forget() noexcept;

 private:
  void send(int fd, std::size_t count, WorkerPage& page) noexcept;

  struct Memory {
    alignas(64) std::array<std::array<std::uint8_t, kQuerySize>, kMessages> queries;
    std::array<std::array<std::uint8_t, wire::kMaxUdpResponse>, kMessages> responses;
    std::array<sockaddr_storage, kMessages> peers;
    std::array<iovec, kMessages> query_parts, response_parts;
    std::array<mmsghdr, kMessages> received, replies;
  };
  std::unique_ptr<Memory> memory_;
  std::size_t used_ = 0;  // messages of the memory that have been written to since forget()
};

}  // namespace imrs::engine

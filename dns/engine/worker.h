// dns/engine/worker.h
// One worker: a thread, its sockets, its counters. Shares nothing with the others but the image.
#pragma once

#include <sys/epoll.h>

#include <atomic>
#include <cstdint>
#include <span>
#include <vector>

#include "agent/base/messages.h"
#include "agent/base/result.h"
#include "agent/base/unique_fd.h"
#include "agent/counts/worker_page.h"
#include "dns/engine/answerer.h"
#include "dns/engine/image_slot.h"
#include "dns/engine/tcp_server.h"
#include "dns/engine/udp_server.h"

namespace imrs::engine {

struct WorkerSocket {
  SocketRole role;
  UniqueFd fd;
};

class Worker {
 public:
  // What `context` refers to, `slot` and `stop` must outlive the worker.
  [[nodiscard]] static Result<std::unique_ptr<Worker>> make(std::vector<WorkerSocket> sockets,
                                                            const WorkerContext& context,
                                                            const ImageSlot& slot, TcpLimits limits);

  // Serves until `stop`; the body of the worker's thread. Does not read a socket before there is an
  // image: the kernel queues.
  void run(const std::atomic<bool>& stop);

  // One round of run(): what is ready gets its bounded share; waits up to 20 ms where nothing is. There has
  // to be an image.
  void turn();

 private:
  using Clock = std::chrono::steady_clock;

  Worker(std::vector<WorkerSocket> sockets, UniqueFd epoll, const WorkerContext& context,
         const ImageSlot& slot, TcpLimits limits);

  Result<void> watch_sockets();
  void serve_socket(const WorkerSocket& socket, Clock::time_point now);
  void forget() noexcept;
  void serve_connections(std::span<const epoll_event> ready, Clock::time_point now);
  [[nodiscard]] TrafficCounters* counters_of(const SocketRole& role) noexcept;

  std::vector<WorkerSocket> sockets_;
  UniqueFd epoll_;
  WorkerPage& page_;
  const ImageSlot& slot_;
  Answerer answerer_;
  UdpBatch udp_;
  TcpServer tcp_;
  const Published* published_ = nullptr;
  Clock::time_point next_tidying_{};
  std::uint32_t next_slot_ = 0;  // of the connections; whose turn it is
};

}  // namespace imrs::engine

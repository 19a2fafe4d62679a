// tests/dns/engine/test_engine.h
// An engine with its own sockets on loopback, UDP and TCP, IPv4 and IPv6, for one worker or more.
#pragma once

#include <memory>
#include <vector>

#include "dns/engine/engine.h"

namespace imrs::test {

// One UDP and one TCP socket per family for each worker, all of a family on one free port.
struct LoopbackSockets {
  std::vector<engine::WorkerSocket> sockets;
  std::uint16_t port[2] = {};  // by family
};
[[nodiscard]] LoopbackSockets open_loopback(std::uint8_t workers, std::uint8_t probe = 0);

// Memory for the counts of so many workers, writable.
[[nodiscard]] counts::Pages new_pages(std::uint32_t workers);

class TestEngine {
 public:
  explicit TestEngine(std::uint8_t workers = 1, engine::TcpLimits limits = {}, std::uint8_t probe = 0,
                      std::uint32_t rate_limit = 0);

  void serve(std::shared_ptr<const image::Image> image);
  [[nodiscard]] engine::Engine& engine() { return *engine_; }
  [[nodiscard]] std::uint16_t port(Family family) const { return port_[static_cast<std::size_t>(family)]; }
  [[nodiscard]] const WorkerPage& page(std::size_t worker = 0) const { return pages_.workers()[worker]; }

 private:
  counts::Pages pages_;
  std::uint16_t port_[2] = {};
  std::unique_ptr<engine::Engine> engine_;
  std::uint64_t generation_ = 0;
};

}  // namespace imrs::test

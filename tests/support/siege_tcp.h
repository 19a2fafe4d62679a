// tests/support/siege_tcp.h
// TCP connections that want the server's room and time, as many as it lets live: those that it closes are
// opened again, at a bounded rate. One thread, one epoll loop.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <vector>

#include "tests/support/siege_base.h"
#include "tests/support/siege_questions.h"

namespace imrs::siege {

enum class Kind : std::uint8_t {
  Idle,  // says nothing
  Drip,  // a query, an octet a second
  Deaf,  // many queries with large answers at once, never reads
};
inline constexpr std::size_t kKinds = 3;

struct TcpCounts {
  std::uint64_t opened = 0;       // connect(2) begun
  std::uint64_t established = 0;  // of these
  std::uint64_t refused = 0;      // ended before that: reset, or given up by the kernel
  std::uint64_t closed = 0;       // by the server, after that
  std::uint64_t open = 0;         // now, as far as this end knows
};

class TcpSiege {
 public:
  struct Plan {
    std::size_t idle = 0, drip = 0, deaf = 0;  // connections wanted at any time
    double open_rate = 0;                      // begun a second
  };

  // Clients kFirstClient to 255 in turn, targets in turn. `names`: where the Drip ones' query is from.
  static constexpr unsigned kFirstClient = 128;
  TcpSiege(std::vector<Endpoint> targets, const Plan& plan, const std::string& name);

  // Until `stop`; closes everything at the end. `built` is set, and who waits for it woken, once every
  // connection has been begun once.
  void run(const std::atomic<bool>& stop, std::atomic<bool>& built);

  // After run(): as it was when `stop` was seen.
  [[nodiscard]] const TcpCounts& counts(Kind kind) const noexcept {
    return counts_[static_cast<std::size_t>(kind)];
  }
  // The fewest and the most that were open at a time, from `built` to the end.
  [[nodiscard]] std::uint64_t open_least() const noexcept { return open_least_; }
  [[nodiscard]] std::uint64_t open_most() const noexcept { return open_most_; }

 private:
  struct Slot {
    UniqueFd fd;
    Kind kind = Kind::Idle;
    bool established = false;
    std::uint64_t next_octet_us = 0;  // Drip
    std::size_t sent = 0;             // Drip: of the query
  };

  void open(std::size_t slot);
  void open_due(std::uint64_t now);
  void on_event(std::size_t slot, std::uint32_t events, std::uint64_t now);
  void on_established(std::size_t slot, std::uint64_t now);
  void close(std::size_t slot);
  void drip(std::uint64_t now);
  void sample();
  TcpCounts& counts_of(const Slot& slot) noexcept { return counts_[static_cast<std::size_t>(slot.kind)]; }

  std::vector<Endpoint> targets_;
  double open_rate_;
  UniqueFd epoll_;
  std::vector<Slot> slots_;
  std::deque<std::size_t> to_open_;
  std::size_t begun_ = 0;
  unsigned next_client_ = 0;
  double allowance_ = 0;  // connections that may be begun now
  std::uint64_t last_open_us_ = 0, last_drip_us_ = 0;
  Octets slow_query_, large_queries_;
  std::array<TcpCounts, kKinds> counts_{};
  std::uint64_t open_least_ = UINT64_MAX, open_most_ = 0;
};

}  // namespace imrs::siege

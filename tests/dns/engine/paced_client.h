// tests/dns/engine/paced_client.h
// A client that asks by UDP at a pace of its own, whatever the answers do, as a resolver or a flood does. It
// only stops asking while so much is unanswered that a socket's buffer might overflow: on a busy machine the
// answerer may be left without a processor for a second.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "agent/base/unique_fd.h"
#include "tests/dns/engine/client.h"

namespace imrs::test {

struct Pace {
  const char* source = "127.0.0.1";  // where it asks from
  std::size_t rate = 20000;          // questions a second
  std::size_t count = 40000;         // of them, at most 65536 for each socket
  bool asks_by_tcp = true;           // when it is told to
};

struct PacedCounts {
  std::size_t whole = 0, cut = 0;  // UDP answers without and with TC
  std::size_t unasked = 0;         // answers to nothing, or once more to the same
  std::size_t not_sent = 0;        // what the kernel did not take
  std::size_t by_tcp = 0;          // whole answers by TCP; `cut` if it got all it asked for
  double asking = 0;               // seconds from the first question to the last
  double held = 0;                 // of them, those in which it did not ask: too much was unanswered
  std::size_t before_tcp = 0;      // questions from the first that was cut until it was answered by TCP
  double all = 0;                  // to the last answer

  [[nodiscard]] std::size_t answered() const { return whole + cut; }
};

class PacedClient {
 public:
  // Asks 127.0.0.1 at that port.
  PacedClient(std::uint16_t port, Pace pace);

  // Asks; `query` makes the n-th question, whose ID is then set. Returns when all are answered, or none has
  // been for kPatienceMs, be it before all are asked.
  [[nodiscard]] PacedCounts run(const std::function<Octets(std::size_t)>& query);

 private:
  static constexpr std::size_t kSockets = 8;
  static constexpr std::size_t kMostUnanswered = 4000;
  using Clock = std::chrono::steady_clock;

  void ask_all(Clock::time_point start);
  void send_what_is_due(Clock::time_point start);
  bool receive(int wait_us);
  void take(std::size_t socket, std::span<const std::uint8_t> answer);
  bool ask_again(std::size_t number);

  const std::uint16_t port_;
  const Pace pace_;
  std::vector<UniqueFd> sockets_;
  UniqueFd tcp_;
  std::vector<Octets> queries_;
  std::vector<bool> answered_;
  std::size_t sent_ = 0;
  PacedCounts counts_;
};

}  // namespace imrs::test

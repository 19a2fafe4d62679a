// tests/support/siege_udp.h
// A steady UDP load: open loop, so that a server that is slow is not asked less. One thread.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "tests/support/siege_base.h"
#include "tests/support/siege_questions.h"

namespace imrs::siege {

struct UdpCounts {
  std::uint64_t sent = 0;       // taken by the kernel
  std::uint64_t skipped = 0;    // due, never asked: this program was held up
  std::uint64_t unsent = 0;     // the kernel did not take them
  std::uint64_t answered = 0;   // right, within kAnswerLimit
  std::uint64_t truncated = 0;  // of these
  std::uint64_t late = 0;       // right, after that; counted as lost
  std::uint64_t wrong = 0;      // not an answer to what was asked
  std::uint64_t unasked = 0;    // nobody had asked, or it came twice
  double seconds = 0;           // how long questions were asked

  [[nodiscard]] std::uint64_t lost() const noexcept { return sent - answered - wrong; }
};

class UdpLoad {
 public:
  static constexpr std::uint64_t kAnswerLimitUs = 1000000;

  // `sockets` clients, in turn one of each target. `questions` must outlive it.
  UdpLoad(const std::vector<Endpoint>& targets, unsigned sockets, const Questions& questions);
  UdpLoad(const UdpLoad&) = delete;
  UdpLoad& operator=(const UdpLoad&) = delete;
  ~UdpLoad();

  // Asks `rate` questions a second for that long, then waits kAnswerLimitUs for the last answers.
  UdpCounts run(double rate, double seconds);

  // Of the answers: the time within which that share (0 to 1) came; in steps of kStepUs.
  static constexpr std::uint64_t kStepUs = 100;
  [[nodiscard]] std::uint64_t latency_us(double share) const noexcept;

 private:
  struct Socket;
  struct Batch;

  void ask(Socket& socket, std::size_t count, std::uint64_t now);
  void receive(int timeout_ms);
  void drain(Socket& socket);
  void judge(Socket& socket, std::span<const std::uint8_t> message, std::uint64_t now);

  const Questions& questions_;
  UniqueFd epoll_;
  std::vector<Socket> sockets_;
  std::unique_ptr<Batch> batch_;
  std::size_t next_question_ = 0;
  std::vector<std::uint32_t> latencies_;
  UdpCounts counts_;
};

}  // namespace imrs::siege

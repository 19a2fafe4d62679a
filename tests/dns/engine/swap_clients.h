// tests/dns/engine/swap_clients.h
// Clients that hold every answer against the versions it may come from: the one that was served when the
// question left, and any published before the answer was there.
#pragma once

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

#include "tests/dns/engine/test_engine.h"
#include "tests/dns/engine/versions.h"

namespace imrs::test {

// Steps count the calls of serve(); at step n Versions::images[version_at(n)] is served. Back and forth, so
// that all steps are between neighbours.
[[nodiscard]] std::size_t version_at(std::size_t step, std::size_t versions);

// Which of the steps `from` to `to` answers so: a bit for each step behind `from`, 0 if none does. The ID is
// not looked at. At most 64 steps.
[[nodiscard]] std::uint64_t steps_that_say(const std::vector<Octets>& right,
                                           std::span<const std::uint8_t> answer, std::size_t from,
                                           std::size_t to);

struct SwapCounts {
  std::atomic<std::uint64_t> answered{0}, wrong{0}, lost{0};
  // Of those that came while images changed, and whose question has another answer before and after.
  std::atomic<std::uint64_t> old_version{0}, new_version{0};
};

class SwapClients {
 public:
  // Asks all questions over and over, in `count` threads: the even ones by UDP, the others by TCP. `engine`
  // serves step 0 already. Both must outlive it.
  SwapClients(const Versions& versions, TestEngine& engine, std::size_t count);
  ~SwapClients();  // when the threads have their last answers
  SwapClients(const SwapClients&) = delete;
  SwapClients& operator=(const SwapClients&) = delete;

  // Serves the next step; then waits until every client has had an answer to a question asked after that.
  void swap();

  [[nodiscard]] const SwapCounts& counts() const noexcept { return counts_; }

 private:
  void run(std::size_t client);
  bool exchange(int fd, std::span<const std::size_t> batch, std::uint16_t first_id, std::size_t client);
  void judge(std::size_t question, std::span<const std::uint8_t> answer, std::size_t from);

  const Versions& versions_;
  TestEngine& engine_;
  std::atomic<std::size_t> begun_{0}, done_{0};  // the newest step
  std::vector<std::atomic<std::size_t>> seen_;   // by client: the step done when its last batch left
  std::atomic<bool> stop_{false};
  SwapCounts counts_;
  std::vector<std::jthread> threads_;
};

}  // namespace imrs::test

// agent/watchdog.h
// The loop watchdog: a thread that ends the process with SIGKILL when the event loop has not turned for
// a second. A hung agent would keep anycast0, and with it the routes. It counts its own wake-ups, not
// the clock, so that a machine that stood still does not look like a loop that hangs.
#pragma once

#include <atomic>
#include <cstdint>
#include <thread>

#include "agent/base/result.h"

namespace imrs::agent {

class LoopWatchdog {
 public:
  LoopWatchdog() = default;
  LoopWatchdog(const LoopWatchdog&) = delete;
  LoopWatchdog& operator=(const LoopWatchdog&) = delete;
  ~LoopWatchdog() { stop(); }

  void start();
  void stop();
  // The loop turns: call at least every 100 ms, from the loop.
  void beat() noexcept { beats_.fetch_add(1, std::memory_order_relaxed); }

 private:
  void watch(const std::stop_token& stop);

  std::atomic<std::uint64_t> beats_{0};
  std::jthread thread_;
};

}  // namespace imrs::agent

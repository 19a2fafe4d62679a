// Ends a hung agent. Started by the agent's main; it must depend on nothing that can hang with the loop:
// no lock, no allocation, no log before the kill.
#include "agent/watchdog.h"

#include <signal.h>
#include <unistd.h>

#include <chrono>

namespace imrs::agent {
namespace {

constexpr std::chrono::milliseconds kLook{100};
constexpr int kLooksWithoutBeat = 9;

}  // namespace

void LoopWatchdog::start() {
  thread_ = std::jthread([this](const std::stop_token& stop) { watch(stop); });
}

void LoopWatchdog::stop() { thread_ = std::jthread(); }

// Signals are for the loop, also while it holds them (held_signals.h).
void LoopWatchdog::watch(const std::stop_token& stop) {
  sigset_t all;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, nullptr);
  std::uint64_t seen = beats_.load(std::memory_order_relaxed);
  int without = 0;
  while (!stop.stop_requested()) {
    std::this_thread::sleep_for(kLook);
    const std::uint64_t now = beats_.load(std::memory_order_relaxed);
    without = now == seen ? without + 1 : 0;
    seen = now;
    if (without < kLooksWithoutBeat) continue;
    static constexpr char kLast[] = "imrs-agent: the event loop has stood still for 0.9 s: ending\n";
    (void)!::write(STDERR_FILENO, kLast, sizeof kLast - 1);
    ::kill(::getpid(), SIGKILL);
  }
}

}  // namespace imrs::agent

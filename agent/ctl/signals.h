// agent/ctl/signals.h
// For commands that change several things: they run to their end, whatever becomes of the terminal.
#pragma once

#include <signal.h>

#include <chrono>
#include <ctime>

namespace imrs::ctl {

// While it lives, hanging up ends nothing, and neither SIGINT nor SIGTERM does: they are asked for.
class Signals {
 public:
  Signals() {
    struct sigaction ignore {};
    ignore.sa_handler = SIG_IGN;
    ::sigaction(SIGHUP, &ignore, &hang_up_);
    ::sigaction(SIGPIPE, &ignore, &pipe_);
    ::sigemptyset(&ends_);
    ::sigaddset(&ends_, SIGINT);
    ::sigaddset(&ends_, SIGTERM);
    ::sigprocmask(SIG_BLOCK, &ends_, &mask_);
  }
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;
  ~Signals() {
    ::sigaction(SIGHUP, &hang_up_, nullptr);
    ::sigaction(SIGPIPE, &pipe_, nullptr);
    ::sigprocmask(SIG_SETMASK, &mask_, nullptr);
  }

  // Sleeps, less if one of them comes; true if one has come since the beginning.
  [[nodiscard]] bool wait(std::chrono::milliseconds time) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
    const timespec limit{seconds.count(), std::chrono::nanoseconds(time - seconds).count()};
    asked_ = ::sigtimedwait(&ends_, nullptr, &limit) > 0 || asked_;
    return asked_;
  }

 private:
  sigset_t ends_{}, mask_{};
  struct sigaction hang_up_ {};
  struct sigaction pipe_ {};
  bool asked_ = false;
};

}  // namespace imrs::ctl

// agent/service_manager.h
// Tells the service manager how the agent is (sd_notify(3), the datagram protocol itself: a line or two of
// text to $NOTIFY_SOCKET, which needs no library). Never blocks; without a service manager it does nothing.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/unique_fd.h"

namespace imrs::agent {

class ServiceManager {
 public:
  // Reads NOTIFY_SOCKET and WATCHDOG_USEC once and removes both from the environment.
  [[nodiscard]] static ServiceManager from_environment();

  // "READY=1", "STOPPING=1", "STATUS=...". Dropped if the manager does not read.
  void say(std::string_view state) const;

  // The variables that were read, for a program that takes over: "NOTIFY_SOCKET=...".
  [[nodiscard]] const std::vector<std::string>& environment() const noexcept { return environment_; }

  // Call it from the loop as often as it likes: "WATCHDOG=1" goes out four times in the manager's interval.
  void beat(std::chrono::steady_clock::time_point now);

 private:
  std::vector<std::string> environment_;
  UniqueFd socket_;  // connected; none: nobody wants to know
  std::optional<std::chrono::microseconds> watchdog_;
  std::chrono::steady_clock::time_point last_{};
};

}  // namespace imrs::agent

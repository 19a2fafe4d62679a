// agent/service_manager.h
// Tells the service manager how the agent is (sd_notify(3), the datagram protocol itself: a line or two of
// text to $NOTIFY_SOCKET, which needs no library). Never blocks; without a service manager it does nothing.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "agent/base/unique_fd.h"

namespace imrs::agent {

class ServiceManager {
 public:
  // Reads NOTIFY_SOCKET and WATCHDOG_USEC once and removes both from the environment.
  [[nodiscard]] static ServiceManager from_environment();

  // "READY=1", "STOPPING=1", "STATUS=...". Dropped if the manager does not read.
  void say(std::string_view state) const;

  // Call it from the loop as often as it likes: "WATCHDOG=1" goes out four times in the manager's interval.
  void beat(std::chrono::steady_clock::time_point now);

 private:
  UniqueFd socket_;  // connected; none: nobody wants to know
  std::optional<std::chrono::microseconds> watchdog_;
  std::chrono::steady_clock::time_point last_{};
};

}  // namespace imrs::agent

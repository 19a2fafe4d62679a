// agent/traffic_watch.h
// Whether the world still reaches this instance, and its answers the world: alarms, which withdraw nothing.
// Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace imrs::agent {

class TrafficWatch {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  static constexpr std::uint64_t kBusy = 1000;       // queries after which silence is odd
  static constexpr std::chrono::seconds kQuiet{60};  // without a query
  static constexpr std::chrono::seconds kRecent{60};

  // Counts, which may have begun before the first look; `announced`: anything is.
  void look(std::uint64_t queries, std::uint64_t send_errors, bool announced, TimePoint now);
  [[nodiscard]] std::vector<std::string> alarms(TimePoint now) const;

 private:
  std::uint64_t queries_ = 0, send_errors_ = 0;
  bool looked_ = false, announced_ = false;
  TimePoint last_query_{};
  std::optional<TimePoint> last_error_;
};

}  // namespace imrs::agent

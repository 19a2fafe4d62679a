// Looks at the engine's counts. Called by the supervisor twice a second.
#include "agent/traffic_watch.h"

#include <fmt/format.h>

#include <utility>

namespace imrs::agent {

void TrafficWatch::look(std::uint64_t queries, std::uint64_t send_errors, bool announced, TimePoint now) {
  if (!std::exchange(looked_, true)) {
    queries_ = queries;
    send_errors_ = send_errors;
    last_query_ = now;
  }
  const bool newly_announced = announced && !announced_;
  announced_ = announced;
  if (std::exchange(queries_, queries) != queries || newly_announced) last_query_ = now;
  if (std::exchange(send_errors_, send_errors) < send_errors) last_error_ = now;
}

std::vector<std::string> TrafficWatch::alarms(TimePoint now) const {
  std::vector<std::string> out;
  const auto quiet = std::chrono::duration_cast<std::chrono::seconds>(now - last_query_);
  if (announced_ && queries_ >= kBusy && quiet >= kQuiet) {
    out.push_back(
        fmt::format("no query has come for {} s, though routes are announced: does the host router "
                    "still send its traffic here?",
                    quiet.count()));
  }
  if (last_error_ && now - *last_error_ < kRecent) {
    out.push_back(
        fmt::format("the kernel does not take all responses ({} so far): is the link full, or a way "
                    "back missing?",
                    send_errors_));
  }
  return out;
}

}  // namespace imrs::agent

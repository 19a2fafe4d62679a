// Remembers what was done and why. Called by the supervisor and the routing.
#include "agent/history.h"

#include <algorithm>

#include "agent/base/log.h"
#include "agent/wall_time.h"

namespace imrs::agent {

void History::add(Topic topic, std::string text) {
  log_info("{}: {}", to_string(topic), text);
  entries_.push_back({wall_ms(), std::string(to_string(topic)), std::move(text)});
  if (entries_.size() > kMost) entries_.pop_front();
}

std::vector<HistoryEntry> History::newest(std::size_t count) const {
  const auto kept = static_cast<std::ptrdiff_t>(std::min(count, entries_.size()));
  return {entries_.end() - kept, entries_.end()};
}

}  // namespace imrs::agent

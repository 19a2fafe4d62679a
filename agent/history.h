// agent/history.h
// What the decision saw and did, what the operator ordered and what BIRD said: one line each, in the log
// and in a bounded memory that imrsctl and the NOC page show.
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <vector>

#include "agent/snapshot/snapshot.h"

namespace imrs::agent {

class History {
 public:
  static constexpr std::size_t kMost = 500;  // entries; the oldest are forgotten
  static constexpr std::size_t kShown = 20;  // of them in each snapshot

  // Writes the log's line too.
  void add(Topic topic, std::string text);

  void restore(std::vector<HistoryEntry> before) { entries_.assign(before.begin(), before.end()); }

  [[nodiscard]] std::vector<HistoryEntry> newest(std::size_t count) const;  // oldest first
  [[nodiscard]] std::vector<HistoryEntry> all() const { return newest(kMost); }

 private:
  std::deque<HistoryEntry> entries_;
};

}  // namespace imrs::agent

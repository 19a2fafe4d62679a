// tests/agent/ctl/played_agent.h
// Answers on a control socket as an agent does, as far as imrsctl needs it.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "agent/base/unique_fd.h"
#include "agent/snapshot/snapshot.h"

namespace imrs::ctl {

class PlayedAgent {
 public:
  // Listens until it ends. `on_upgrade` gives the entry of the history that says what came of it; it runs in
  // another thread.
  PlayedAgent(std::string socket, Snapshot snapshot, std::function<std::string()> on_upgrade);
  ~PlayedAgent();
  PlayedAgent(const PlayedAgent&) = delete;
  PlayedAgent& operator=(const PlayedAgent&) = delete;

  // What it says from now on.
  void show(const Snapshot& snapshot);
  [[nodiscard]] int upgrades() const { return upgrades_; }

 private:
  void serve();
  [[nodiscard]] std::string answer(const std::string& request);

  std::mutex mutex_;
  Snapshot snapshot_;
  std::vector<HistoryEntry> history_;
  std::function<std::string()> on_upgrade_;
  std::string socket_;
  UniqueFd listener_;
  std::atomic<int> upgrades_ = 0;
  std::atomic<bool> ends_ = false;
  std::thread thread_;
};

}  // namespace imrs::ctl

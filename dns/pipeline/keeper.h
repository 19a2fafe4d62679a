// dns/pipeline/keeper.h
// Writes files of the store in a thread of its own: a disk that is full, read-only, dead or hangs costs the
// copy and nothing else, and is told of.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "agent/base/result.h"

namespace imrs::pipeline {

class Keeper {
 public:
  using Steady = std::chrono::steady_clock;
  using Save = std::function<Result<void>(const std::string& file, std::span<const std::uint8_t> content)>;

  static constexpr std::chrono::seconds kPatience{10};  // with one write

  // `save` is called in the keeper's thread only; again after `retry` if it failed.
  explicit Keeper(Save save, std::chrono::milliseconds retry = std::chrono::seconds(10));
  // Waits for the write that is going on, and for what was asked for before, until one fails.
  ~Keeper();
  Keeper(const Keeper&) = delete;
  Keeper& operator=(const Keeper&) = delete;

  // Never waits for the disk. Of a file that is still waiting to be written only the newest version is.
  void keep(const std::string& file, std::vector<std::uint8_t> content);

  // Why what is served is not on disk; empty: it is, or soon will be.
  [[nodiscard]] std::string trouble(Steady::time_point now) const;

 private:
  void run();

  Save save_;
  std::chrono::milliseconds retry_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, std::vector<std::uint8_t>> waiting_;
  std::map<std::string, std::string> failures_;  // of the last write of each file
  std::optional<Steady::time_point> writing_since_;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace imrs::pipeline

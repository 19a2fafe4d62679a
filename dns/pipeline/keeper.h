// dns/pipeline/keeper.h
// Writes zones to the store in a thread of its own: a disk that is full, read-only, dead or hangs costs the
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
#include "dns/wire/name.h"

namespace imrs::pipeline {

class Keeper {
 public:
  using Steady = std::chrono::steady_clock;
  using Save = std::function<Result<void>(const wire::Name& origin, std::span<const std::uint8_t> encoded)>;

  static constexpr std::chrono::seconds kPatience{10};  // with one write

  // `save` is called in the keeper's thread only; again after `retry` if it failed.
  explicit Keeper(Save save, std::chrono::milliseconds retry = std::chrono::seconds(10));
  // Waits for the write that is going on, and for what was asked for before, until one fails.
  ~Keeper();
  Keeper(const Keeper&) = delete;
  Keeper& operator=(const Keeper&) = delete;

  // Never waits for the disk. Of a zone that is still waiting to be written only the newest version is.
  void keep(const wire::Name& origin, std::vector<std::uint8_t> encoded);

  // Why what is served is not on disk; empty: it is, or soon will be.
  [[nodiscard]] std::string trouble(Steady::time_point now) const;

 private:
  void run();

  Save save_;
  std::chrono::milliseconds retry_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::map<wire::Name, std::vector<std::uint8_t>> waiting_;
  std::map<wire::Name, std::string> failures_;  // of the last write of each zone
  std::optional<Steady::time_point> writing_since_;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace imrs::pipeline

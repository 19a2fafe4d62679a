// The thread that may wait for the disk. Called by the pipeline, which must not.
#include "dns/pipeline/keeper.h"

#include <utility>

namespace imrs::pipeline {

Keeper::Keeper(Save save, std::chrono::milliseconds retry)
    : save_(std::move(save)), retry_(retry), thread_([this] { run(); }) {}

Keeper::~Keeper() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void Keeper::keep(const std::string& file, std::vector<std::uint8_t> content) {
  {
    const std::lock_guard lock(mutex_);
    waiting_[file] = std::move(content);
  }
  changed_.notify_one();
}

std::string Keeper::trouble(Steady::time_point now) const {
  const std::lock_guard lock(mutex_);
  if (writing_since_ && now - *writing_since_ >= kPatience) {
    return "the disk with \"state_directory\" does not answer: what is served now would be lost by a power "
           "cut";
  }
  if (failures_.empty()) return {};
  return "what is served now is not on disk and would be lost by a power cut: " + failures_.begin()->second;
}

void Keeper::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return ending_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    auto next = waiting_.extract(waiting_.begin());
    writing_since_ = Steady::now();
    lock.unlock();
    const auto saved = save_(next.key(), next.mapped());
    lock.lock();
    writing_since_.reset();
    if (saved) {
      failures_.erase(next.key());
      continue;
    }
    failures_[next.key()] = saved.error().message;
    if (ending_) return;
    waiting_.insert(std::move(next));  // unless there is a newer one
    changed_.wait_for(lock, retry_, [this] { return ending_; });
  }
}

}  // namespace imrs::pipeline

// bgp/withdrawal.h
// Whether BIRD has confirmed in time what was withdrawn. Pure: no clock but the one it is given.
#pragma once

#include <chrono>
#include <optional>

namespace imrs::bgp {

class Withdrawal {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  enum class Stage { Waiting, Late, Failed };

  // From the start to each stage; `late` comes first.
  Withdrawal(std::chrono::milliseconds late, std::chrono::milliseconds failed)
      : late_(late), failed_(failed) {}

  // Something is to be withdrawn from `now` on. While one is pending the earlier start counts.
  void begin(TimePoint now) {
    if (!start_) start_ = now;
  }
  [[nodiscard]] bool pending() const noexcept { return start_.has_value(); }

  // Another BIRD than the one that failed has to be told: it has its own time until it has failed.
  void begin_anew(TimePoint now) {
    if (stage_ != Stage::Failed) return;
    stage_ = Stage::Late;
    start_ = now;
  }

  // When expire() has to be called; none if nothing is pending or it has failed already.
  [[nodiscard]] std::optional<TimePoint> deadline() const noexcept {
    if (!start_ || stage_ == Stage::Failed) return std::nullopt;
    return *start_ + (stage_ == Stage::Waiting ? late_ : failed_);
  }

  // The stage that is reached now, once for each.
  [[nodiscard]] std::optional<Stage> expire(TimePoint now) noexcept {
    const auto due = deadline();
    if (!due || now < *due) return std::nullopt;
    stage_ = stage_ == Stage::Waiting ? Stage::Late : Stage::Failed;
    return stage_;
  }

  // BIRD announces nothing that is not wanted. True if it had been said to be late.
  [[nodiscard]] bool confirm() noexcept {
    const bool was_late = stage_ != Stage::Waiting;
    start_.reset();
    stage_ = Stage::Waiting;
    return was_late;
  }

 private:
  std::chrono::milliseconds late_, failed_;
  std::optional<TimePoint> start_;
  Stage stage_ = Stage::Waiting;
};

}  // namespace imrs::bgp

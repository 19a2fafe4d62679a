// bgp/withdrawal.h
// Whether BIRD has confirmed in time what was withdrawn. Pure: no clock but the one it is given.
#pragma once

#include <chrono>
#include <optional>

namespace imrs::bgp {

class Withdrawal {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  explicit Withdrawal(std::chrono::milliseconds limit) : limit_(limit) {}

  // Something is to be withdrawn from `now` on. While one is pending the earlier start counts.
  void begin(TimePoint now) {
    if (!deadline_) deadline_ = now + limit_;
  }
  [[nodiscard]] bool pending() const noexcept { return deadline_.has_value(); }

  // When expire() has to be called; none if nothing is pending or it has been said to be late already.
  [[nodiscard]] std::optional<TimePoint> deadline() const noexcept {
    return late_ ? std::nullopt : deadline_;
  }

  // True once per withdrawal: when it is late.
  [[nodiscard]] bool expire(TimePoint now) noexcept {
    if (!deadline_ || late_ || now < *deadline_) return false;
    return late_ = true;
  }

  // BIRD announces nothing that is not wanted. True if it had been said to be late.
  [[nodiscard]] bool confirm() noexcept {
    const bool was_late = late_;
    deadline_.reset();
    late_ = false;
    return was_late;
  }

 private:
  std::chrono::milliseconds limit_;
  std::optional<TimePoint> deadline_;
  bool late_ = false;
};

}  // namespace imrs::bgp

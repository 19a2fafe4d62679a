// agent/waivers.h
// Shared checks that the operator has waived, each until a time. Pure: the trusted time is an argument, so
// that a step of the wall clock neither prolongs nor ends a waiver.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agent/base/result.h"
#include "agent/expiry.h"
#include "agent/snapshot/standing_orders.h"

namespace imrs::agent {

class Waivers {
 public:
  static constexpr std::int64_t kLongest = 7 * 24 * 3600;  // seconds

  // `until`, `now`: trusted Unix time. Errc::Refused: it lies in the past, or further off than kLongest,
  // or another check is waived already (one at a time: with both nothing would ever expire).
  [[nodiscard]] Result<void> waive(SharedCheck check, std::int64_t until, std::int64_t now);
  void end(SharedCheck check) { until_.erase(check); }

  [[nodiscard]] std::optional<SharedCheck> waived(std::int64_t now) const;
  [[nodiscard]] const std::map<SharedCheck, std::int64_t>& all() const noexcept { return until_; }
  // One for each that holds.
  [[nodiscard]] std::vector<std::string> alarms(std::int64_t now) const;

 private:
  std::map<SharedCheck, std::int64_t> until_;
};

// The one that `orders` have waived and that is waived still.
[[nodiscard]] std::optional<SharedCheck> waived_by(const StandingOrders& orders, std::int64_t now);

}  // namespace imrs::agent

// Keeps the operator's waivers. Called by the supervisor. It must never hold one without an end.
#include "agent/waivers.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <ctime>

#include "agent/orders.h"

namespace imrs::agent {

Result<void> Waivers::waive(SharedCheck check, std::int64_t until, std::int64_t now) {
  if (until <= now) return Error{Errc::Refused, "that time has passed already"};
  if (until - now > kLongest) return Error{Errc::Refused, "a check is waived for at most seven days"};
  const auto other = waived(now);
  if (other && *other != check) {
    return Error{Errc::Refused, fmt::format("{} is waived already, and one is at a time; end that first "
                                            "(imrsctl waive {} --end)",
                                            to_string(*other), to_string(*other))};
  }
  until_.clear();
  until_[check] = until;
  return {};
}

std::optional<SharedCheck> Waivers::waived(std::int64_t now) const {
  for (const auto& [check, until] : until_) {
    if (now < until) return check;
  }
  return std::nullopt;
}

std::vector<std::string> Waivers::alarms(std::int64_t now) const {
  std::vector<std::string> out;
  for (const auto& [check, until] : until_) {
    if (now >= until) continue;
    const auto end = static_cast<std::time_t>(until);
    out.push_back(
        fmt::format("the check {} is WAIVED by the operator until {:%Y-%m-%dT%H:%M:%SZ}: what it finds "
                    "withdraws nothing",
                    to_string(check), fmt::gmtime(end)));
  }
  return out;
}

std::optional<SharedCheck> waived_by(const StandingOrders& orders, std::int64_t now) {
  Waivers waivers;
  for (const StandingOrders::Waived& one : orders.waived) {
    if (const auto check = parse_check(one.check)) (void)waivers.waive(*check, one.until, now);
  }
  return waivers.waived(now);
}

}  // namespace imrs::agent

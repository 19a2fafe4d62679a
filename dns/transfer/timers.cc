// The refresh timer's arithmetic. Called by imrs-zone after every attempt. It must never give a wait of
// zero, whatever a SOA says.
#include "dns/transfer/timers.h"

#include <algorithm>

namespace imrs::transfer {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds kMinRefresh{30}, kMaxRefresh{86400}, kMinRetry{10};
constexpr seconds kFirstRetry{1}, kMinute{60};
constexpr double kJitterSuccess = 0.10, kJitterFailure = 0.25;

seconds refresh_time(const RefreshTimes& times, std::optional<seconds> configured) {
  if (configured) return std::max(*configured, seconds(1));
  return std::clamp(seconds(times.refresh), kMinRefresh, kMaxRefresh);
}

milliseconds shortened(seconds wait, double part, double random) {
  const double factor = 1.0 - part * std::clamp(random, 0.0, 1.0);
  return milliseconds(
      static_cast<milliseconds::rep>(static_cast<double>(milliseconds(wait).count()) * factor));
}

seconds backed_off(seconds base, seconds limit, int failures) {
  seconds wait = base;
  for (int i = 1; i < failures && wait < limit; ++i) wait *= 2;
  return std::min(wait, limit);
}

}  // namespace

milliseconds after_success(const RefreshTimes& times, std::optional<seconds> configured, double random) {
  return shortened(refresh_time(times, configured), kJitterSuccess, random);
}

milliseconds after_failure(const RefreshTimes& times, std::optional<seconds> configured, int failures,
                           double random) {
  const seconds refresh = refresh_time(times, configured);
  const seconds base = std::min(refresh, std::max(seconds(times.retry), kMinRetry));
  const seconds limit = std::max(refresh, kMinute);
  return shortened(backed_off(base, limit, failures), kJitterFailure, random);
}

milliseconds after_first_failure(int failures, double random) {
  return shortened(backed_off(kFirstRetry, kMinute, failures), kJitterFailure, random);
}

}  // namespace imrs::transfer

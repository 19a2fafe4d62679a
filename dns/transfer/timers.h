// dns/transfer/timers.h
// When to ask a primary again (RFC 1035 section 3.3.13). Pure: chance is an argument, no clock.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace imrs::transfer {

struct RefreshTimes {
  std::uint32_t refresh = 0;  // seconds, from the SOA of the version that is served
  std::uint32_t retry = 0;    // seconds
};

// `random` is from [0, 1): waits are shortened by up to a tenth after a success and up to a quarter after
// a failure, so that the instances of a fleet do not ask in step.

// After "loaded" or "unchanged": the configured refresh if there is one, else the SOA's, held between
// 30 seconds and a day.
[[nodiscard]] std::chrono::milliseconds after_success(const RefreshTimes& times,
                                                      std::optional<std::chrono::seconds> configured,
                                                      double random);

// After `failures` (1 or more) failed attempts in a row: the retry time (the SOA's held to at least 10
// seconds; or the configured refresh, if that is less) doubled per failure, up to the refresh time or a
// minute, whichever is longer.
[[nodiscard]] std::chrono::milliseconds after_failure(const RefreshTimes& times,
                                                      std::optional<std::chrono::seconds> configured,
                                                      int failures, double random);

// The same while no version has been loaded yet, when every second counts: one second doubled per
// failure, up to a minute.
[[nodiscard]] std::chrono::milliseconds after_first_failure(int failures, double random);

}  // namespace imrs::transfer

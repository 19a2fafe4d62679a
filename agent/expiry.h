// agent/expiry.h
// When a served zone stops being one: its SOA expire after the last successful refresh (RFC 1035
// section 3.3.13), or the end of its first signature. Pure: the trusted time is an argument.
//
// Both may come to the whole fleet at the same second. Instances therefore give up at different times before
// the end, and the operator may waive one of the checks for a while (waivers.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace imrs::agent {

enum class SharedCheck { SoaExpire, SignatureDates };
inline constexpr SharedCheck kSharedChecks[] = {SharedCheck::SoaExpire, SharedCheck::SignatureDates};
[[nodiscard]] std::string_view to_string(SharedCheck check);  // "soa-expire", "signature-dates"

// When a primary last had a zone, as far as is known.
struct Confirmation {
  std::int64_t time = 0;       // trusted Unix time
  bool by_this_clock = false;  // that was the time at which it happened; not: it was written down
  bool at_most = false;        // it was then or earlier; who knows when takes the place of this, if older too
  bool operator==(const Confirmation&) const = default;
};

struct ZoneAge {
  std::int64_t refreshed = 0;            // Unix time of the last load or "unchanged" from a primary
  std::uint32_t expire = 0;              // seconds
  std::int64_t first_signature_end = 0;  // Unix time; 0: no signatures
  std::int64_t spread = 0;               // seconds before the end at which this instance gives up
};

// Of an instance: the same at any time, different from its neighbours'; at most a twentieth of the zone's SOA
// expire, and at most six hours.
[[nodiscard]] std::int64_t spread_of(std::string_view identity, std::uint32_t expire);

struct Expired {
  SharedCheck check = SharedCheck::SoaExpire;
  std::string detail;  // why, in words
};

// Nothing while the zone is good by the checks that are not waived.
[[nodiscard]] std::optional<Expired> expired(const ZoneAge& age, std::int64_t now,
                                             const std::optional<SharedCheck>& waived = std::nullopt);

// The same while there is time to do something: expired, half of the SOA expire gone by without a
// confirmation, or less than three days until the first signature ends (a fresh root zone has about twelve).
[[nodiscard]] std::optional<std::string> expiry_alarm(const ZoneAge& age, std::int64_t now);

}  // namespace imrs::agent

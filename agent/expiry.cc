// Decides whether a zone has expired, or soon will have. Called a few times a second by the zone link.
#include "agent/expiry.h"

#include <fmt/format.h>

namespace imrs::agent {

std::optional<std::string> expired(const ZoneAge& age, std::int64_t now) {
  if (age.first_signature_end != 0 && now >= age.first_signature_end) {
    return fmt::format("the first signature ended {} s ago", now - age.first_signature_end);
  }
  const std::int64_t end = age.refreshed + age.expire;
  if (now >= end) {
    return fmt::format("no primary has confirmed it for {} s (SOA expire is {} s)", now - age.refreshed,
                       age.expire);
  }
  return std::nullopt;
}

std::optional<std::string> expiry_alarm(const ZoneAge& age, std::int64_t now) {
  constexpr std::int64_t kHour = 3600, kSignaturesLeft = 72 * kHour;
  if (auto over = expired(age, now)) return "expired: " + *over;
  const std::int64_t unconfirmed = now - age.refreshed;
  if (unconfirmed >= age.expire / 2) {
    return fmt::format("no primary has confirmed it for {} h; it expires in {} h", unconfirmed / kHour,
                       (age.expire - unconfirmed) / kHour);
  }
  const std::int64_t left = age.first_signature_end - now;
  if (age.first_signature_end == 0 || left >= kSignaturesLeft) return std::nullopt;
  return fmt::format("its first signature ends in {} h; does the primary sign it anew?", left / kHour);
}

}  // namespace imrs::agent

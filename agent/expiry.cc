// Decides whether a zone has expired, or soon will have. Called a few times a second by the zone link.
#include "agent/expiry.h"

#include <fmt/format.h>

#include <algorithm>

namespace imrs::agent {

std::string_view to_string(SharedCheck check) {
  switch (check) {
    case SharedCheck::SoaExpire: return "soa-expire";
    case SharedCheck::SignatureDates: return "signature-dates";
  }
  return "unknown";
}

std::int64_t spread_of(std::string_view identity, std::uint32_t expire) {
  constexpr std::int64_t kMost = 6 * 3600;
  std::uint64_t hash = 14695981039346656037U;  // FNV-1a: the same in every version
  for (const char c : identity) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
  const std::int64_t most = std::min<std::int64_t>(expire / 20, kMost);
  return static_cast<std::int64_t>((hash >> 16) % static_cast<std::uint64_t>(most + 1));
}

std::optional<Expired> expired(const ZoneAge& age, std::int64_t now,
                               const std::optional<SharedCheck>& waived) {
  const std::int64_t signatures_left = age.first_signature_end - now;
  if (waived != SharedCheck::SignatureDates && age.first_signature_end != 0 &&
      signatures_left <= age.spread) {
    return Expired{SharedCheck::SignatureDates,
                   signatures_left > 0
                       ? fmt::format("the first signature ends in {} s, and this instance gives up then",
                                     signatures_left)
                       : fmt::format("the first signature ended {} s ago", -signatures_left)};
  }
  const std::int64_t end = age.refreshed + age.expire;
  if (waived != SharedCheck::SoaExpire && now >= end - age.spread) {
    return Expired{SharedCheck::SoaExpire,
                   fmt::format("no primary has confirmed it for {} s (SOA expire is {} s)",
                               now - age.refreshed, age.expire)};
  }
  return std::nullopt;
}

std::optional<std::string> expiry_alarm(const ZoneAge& age, std::int64_t now) {
  constexpr std::int64_t kHour = 3600, kSignaturesLeft = 72 * kHour;
  if (auto over = expired(age, now)) return "expired: " + over->detail;
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

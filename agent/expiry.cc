// Decides whether a zone has expired. Called once a second by the zone link.
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

}  // namespace imrs::agent

// agent/expiry.h
// When a served zone stops being one: its SOA expire after the last successful refresh (RFC 1035
// section 3.3.13), or the end of its first signature. Pure: the trusted time is an argument.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace imrs::agent {

struct ZoneAge {
  std::int64_t refreshed = 0;            // Unix time of the last load or "unchanged" from a primary
  std::uint32_t expire = 0;              // seconds
  std::int64_t first_signature_end = 0;  // Unix time; 0: no signatures
};

// Nothing while the zone is good; otherwise why it is not, in words.
[[nodiscard]] std::optional<std::string> expired(const ZoneAge& age, std::int64_t now);

// The same while there is time to do something: expired, half of the SOA expire gone by without a
// confirmation, or less than three days until the first signature ends (a fresh root zone has about twelve).
[[nodiscard]] std::optional<std::string> expiry_alarm(const ZoneAge& age, std::int64_t now);

}  // namespace imrs::agent

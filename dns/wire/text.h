// dns/wire/text.h
// Protocol values in words, for messages.
#pragma once

#include <cstdint>
#include <string>

namespace imrs::wire {

[[nodiscard]] std::string type_text(std::uint16_t type);     // "NS", "TYPE4711" (RFC 3597)
[[nodiscard]] std::string rcode_text(std::uint16_t rcode);   // "NXDOMAIN", "RCODE23"
[[nodiscard]] std::string utc_text(std::int64_t unix_time);  // "2026-11-24T12:00:00Z"

}  // namespace imrs::wire

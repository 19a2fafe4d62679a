// agent/web/text.h
// Small pieces of text for the pages. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/family.h"

namespace imrs::web {

// Safe between tags and inside a quoted attribute: & < > " ' are written as references, control
// characters and octets that are not UTF-8 as U+FFFD. A newline becomes a space.
[[nodiscard]] std::string escape_html(std::string_view text);

// The same for preformatted text: a newline stays one.
[[nodiscard]] std::string escape_lines(std::string_view text);

// For a terminal: control characters, of C0 and of C1, and octets that are not UTF-8 as "?".
[[nodiscard]] std::string printable(std::string_view text);

// Unix time in ms as "2026-11-24 12:00:00 UTC"; 0 as "never".
[[nodiscard]] std::string utc_text(std::int64_t unix_ms);

// The same for programs (RFC 3339): "2026-11-24T12:00:00.000Z".
[[nodiscard]] std::string rfc3339_text(std::int64_t unix_ms);

// The two largest units of a length of time in ms: "3 d 4 h", "12 min 5 s", "4 s". Negative is 0.
[[nodiscard]] std::string duration_text(std::int64_t ms);

// "1 prefix", "2 prefixes": a count and its noun.
[[nodiscard]] std::string count_text(std::size_t count, std::string_view one, std::string_view many);

// 1234567 as "1,234,567".
[[nodiscard]] std::string grouped(std::uint64_t number);

// For people: "IPv4", "IPv6"; to_string() is for programs.
[[nodiscard]] std::string_view family_text(Family family);

}  // namespace imrs::web

// agent/config/identity_pattern.h
// What the names of instances look like. Pure.
#pragma once

#include <optional>
#include <string_view>

namespace imrs {

inline constexpr std::size_t kMostPattern = 200, kMostIdentity = 255;  // octets

// Whether the pattern, an ECMAScript regular expression without back-references, matches the whole identity.
// nullopt: the pattern is none, or longer than kMostPattern. In a time that does not explode, whatever the
// pattern.
[[nodiscard]] std::optional<bool> matches_pattern(std::string_view identity, std::string_view pattern);

}  // namespace imrs

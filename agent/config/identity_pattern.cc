// Called by the check of a configuration and of a site sheet.
#include "agent/config/identity_pattern.h"

#include <regex>

namespace imrs {

std::optional<bool> matches_pattern(std::string_view identity, std::string_view pattern) {
  if (pattern.size() > kMostPattern) return std::nullopt;
  // libstdc++'s other way of matching tries all ways of "([a-z]+-?)*", whose number doubles with each letter.
  constexpr auto kWay = std::regex_constants::ECMAScript | std::regex_constants::__polynomial;
  try {
    return std::regex_match(identity.begin(), identity.end(),
                            std::regex(pattern.begin(), pattern.end(), kWay));
  } catch (const std::regex_error&) {
    return std::nullopt;
  }
}

}  // namespace imrs

// agent/site/identity.h
// The unique name of an instance: NSID, hostname.bind, metrics, pages, RSSAC002. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "agent/base/result.h"

namespace imrs::site {

// What a name is made of. Upper case is taken as lower case.
struct IdentityParts {
  enum class Form {
    Current,  // "aa01-fr-par.l.dns.icann.org"
    Earlier   // "par01.l.root-servers.org"
  } form = Form::Current;
  std::string letters = "aa";  // two; of several series of instances in a city. Current only
  std::uint32_t number = 0;    // 1 to 99, of the instance in its city
  std::string country;         // ISO 3166 alpha-2: "fr". Current only; the earlier form has none
  std::string city;            // three letters, as of its airports (IATA): "par"
  std::string domain;          // empty: the form's own, "l.dns.icann.org" or "l.root-servers.org"
};

// Errc::InvalidInput names the part and what would be right: "country: must be two letters, like \"fr\"".
[[nodiscard]] Result<std::string> make_identity(const IdentityParts& parts);

// Both forms, and nothing else. The default of a site sheet's "identity_pattern".
inline constexpr std::string_view kIdentityPattern =
    R"(([a-z]{2}[0-9]{2}-[a-z]{2}-[a-z]{3}\.l\.dns\.icann\.org|[a-z]{3}[0-9]{2}\.l\.root-servers\.org))";

// Whether the pattern (matches_pattern()) matches the whole identity (up to 255 octets). Errors say which of
// the two is wrong.
[[nodiscard]] Result<void> check_identity(std::string_view identity, std::string_view pattern);

}  // namespace imrs::site

// Derives and checks an instance's name. Called when a site sheet is read. It must never make a name that two
// instances could have by mistake: every part is asked for, none is guessed.
#include "agent/site/identity.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/config/identity_pattern.h"

namespace imrs::site {
namespace {

constexpr std::uint32_t kMostInstances = 99;
constexpr const char* kCurrentDomain = "l.dns.icann.org";
constexpr const char* kEarlierDomain = "l.root-servers.org";

Error bad(const char* part, std::string_view what) {
  return Error{Errc::InvalidInput, fmt::format("{}: {}", part, what)};
}

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return text;
}

bool are_letters(std::string_view text, std::size_t count) {
  return text.size() == count && std::ranges::all_of(text, [](char c) { return c >= 'a' && c <= 'z'; });
}

}  // namespace

Result<std::string> make_identity(const IdentityParts& parts) {
  const bool earlier = parts.form == IdentityParts::Form::Earlier;
  const std::string letters = lower(parts.letters), country = lower(parts.country), city = lower(parts.city);
  if (parts.number < 1 || parts.number > kMostInstances) return bad("number", "must be 1 to 99");
  if (!are_letters(city, 3)) return bad("city", "must be three letters, like \"par\"");
  std::string domain = lower(parts.domain);
  if (domain.empty()) domain = earlier ? kEarlierDomain : kCurrentDomain;
  if (earlier && !country.empty()) {
    return bad("country", "is not in a name of the earlier form; remove it");
  }
  if (earlier) return fmt::format("{}{:02}.{}", city, parts.number, domain);
  if (!are_letters(letters, 2)) return bad("letters", "must be two letters, like \"aa\"");
  if (!are_letters(country, 2)) return bad("country", "must be two letters (ISO 3166), like \"fr\"");
  return fmt::format("{}{:02}-{}-{}.{}", letters, parts.number, country, city, domain);
}

Result<void> check_identity(std::string_view identity, std::string_view pattern) {
  if (identity.size() > kMostIdentity) return bad("identity", "is too long; use up to 255 octets");
  const auto match = matches_pattern(identity, pattern);
  if (!match) {
    return bad("identity_pattern", "is no regular expression (ECMAScript, up to 200 octets, without \\1)");
  }
  if (*match) return {};
  const char* const remedy = pattern == kIdentityPattern ? "; give an \"identity_pattern\" for other names"
                                                         : "";
  return bad("identity", fmt::format("\"{}\" does not match \"identity_pattern\"{}", identity, remedy));
}

}  // namespace imrs::site

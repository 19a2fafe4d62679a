// dns/answer/cookies.h
// Server cookies (RFC 7873) in the form that all implementations share (RFC 9018 section 4): 1 octet of
// version, 3 reserved, 4 of time, 8 of SipHash-2-4 over client cookie, these and the client's address.
// Pure; the clock is an argument. No allocation, no exception.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "dns/answer/siphash.h"

namespace imrs::answer {

inline constexpr std::size_t kClientCookie = 8;   // octets
inline constexpr std::size_t kServerCookie = 16;  // the form made here
inline constexpr std::size_t kFullCookie = kClientCookie + kServerCookie;

// The first secret makes cookies, all are accepted; so a new one can be accepted everywhere before it is
// used anywhere, and an old one for as long as its cookies live (RFC 9018 section 5). None: the server
// has no cookies, and the option is ignored.
struct CookieSecrets {
  static constexpr std::size_t kMax = 3;
  std::array<SipKey, kMax> secrets{};
  std::size_t count = 0;
};

// What the client has shown.
enum class CookieState : std::uint8_t {
  None,        // no COOKIE option, or no secret here
  ClientOnly,  // no server cookie yet
  Invalid,     // a server cookie of another form, another secret or address, too old or from the future
  Valid,
};

struct CookieReply {
  CookieState state = CookieState::None;
  std::array<std::uint8_t, kFullCookie> option{};  // what to send back, unless the state is None
};

// `cookie`: the option's data as received, 8 or 16 to 40 octets. `address`: 4 or 16 octets. `now`: Unix
// time modulo 2^32. A valid cookie goes back as it came for half an hour; then it is renewed (RFC 9018
// section 4.3: valid for an hour, and 5 minutes into the future).
[[nodiscard]] CookieReply check_cookie(const CookieSecrets& secrets, std::span<const std::uint8_t> cookie,
                                       std::span<const std::uint8_t> address, std::uint32_t now) noexcept;

}  // namespace imrs::answer

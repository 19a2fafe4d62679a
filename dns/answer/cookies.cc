// Makes and checks server cookies. Called by the responder for queries that hold a COOKIE option. It must
// cost less than it saves: at most one SipHash for each secret, and one for a new cookie.
#include "dns/answer/cookies.h"

#include <algorithm>
#include <cstring>

namespace imrs::answer {
namespace {

using Octets = std::span<const std::uint8_t>;

constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kTimeAt = kClientCookie + 4;
constexpr std::size_t kHashAt = kClientCookie + 8;
constexpr std::size_t kMaxAddress = 16;
// Seconds; RFC 9018 section 4.3.
constexpr std::int32_t kLifetime = 3600, kRenewAfter = 1800, kFuture = 300;

// `cookie`: at least kHashAt octets. In memory it is the hash as it stands in the cookie.
std::uint64_t hash_of(const SipKey& secret, const std::uint8_t* cookie, Octets address) noexcept {
  std::array<std::uint8_t, kHashAt + kMaxAddress> input;
  const std::size_t size = std::min(address.size(), kMaxAddress);
  std::memcpy(input.data(), cookie, kHashAt);
  std::memcpy(input.data() + kHashAt, address.data(), size);
  return siphash24(secret, Octets(input.data(), kHashAt + size));
}

// Serial arithmetic (RFC 1982): the time field lives on after 2106.
std::int32_t age_of(Octets cookie, std::uint32_t now) noexcept {
  std::uint32_t made = 0;
  for (const std::uint8_t octet : cookie.subspan(kTimeAt, 4)) made = made << 8 | octet;
  return static_cast<std::int32_t>(now - made);
}

bool is_valid(const CookieSecrets& secrets, Octets cookie, Octets address, std::int32_t age) noexcept {
  if (cookie[kClientCookie] != kVersion || age > kLifetime || age < -kFuture) return false;
  std::uint64_t shown = 0;
  std::memcpy(&shown, cookie.data() + kHashAt, sizeof shown);
  for (std::size_t i = 0; i < secrets.count; ++i) {
    if (hash_of(secrets.secrets[i], cookie.data(), address) == shown) return true;
  }
  return false;
}

}  // namespace

CookieReply check_cookie(const CookieSecrets& secrets, Octets cookie, Octets address,
                         std::uint32_t now) noexcept {
  CookieReply reply;
  if (secrets.count == 0 || cookie.size() < kClientCookie) return reply;
  reply.state = cookie.size() == kClientCookie ? CookieState::ClientOnly : CookieState::Invalid;
  if (cookie.size() == kFullCookie) {
    const std::int32_t age = age_of(cookie, now);
    if (is_valid(secrets, cookie, address, age)) reply.state = CookieState::Valid;
    if (reply.state == CookieState::Valid && age <= kRenewAfter) {
      std::memcpy(reply.option.data(), cookie.data(), kFullCookie);
      return reply;
    }
  }
  std::memcpy(reply.option.data(), cookie.data(), kClientCookie);
  reply.option[kClientCookie] = kVersion;
  for (std::size_t i = 0; i < 4; ++i) {
    reply.option[kTimeAt + i] = static_cast<std::uint8_t>(now >> (24 - 8 * i));
  }
  const std::uint64_t hash = hash_of(secrets.secrets[0], reply.option.data(), address);
  std::memcpy(reply.option.data() + kHashAt, &hash, sizeof hash);
  return reply;
}

}  // namespace imrs::answer

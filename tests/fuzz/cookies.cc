// Any octets as a cookie: what comes back is good, to the same client at once; and no cookie is taken that
// was not made here. First octet: odd IPv6, even IPv4; four of the time; the address; the rest is the cookie.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "dns/answer/cookies.h"
#include "tests/fuzz/expect.h"

namespace {

using namespace imrs::answer;

// The hash is 64 bits wide: who finds a cookie that is taken has found a hole, not luck.
void check(std::span<const std::uint8_t> cookie, std::span<const std::uint8_t> address, std::uint32_t now) {
  CookieSecrets secrets;
  secrets.count = 2;
  for (std::size_t i = 0; i < 16; ++i) secrets.secrets[0][i] = static_cast<std::uint8_t>(i * 7 + 1);
  const CookieReply reply = check_cookie(secrets, cookie, address, now);
  imrs::fuzz::expect((reply.state == CookieState::None) == (cookie.size() < kClientCookie), "state");
  if (reply.state == CookieState::None) return;
  imrs::fuzz::expect(
      std::ranges::equal(std::span(reply.option).first(kClientCookie), cookie.first(kClientCookie)),
      "the client's cookie goes back");
  imrs::fuzz::expect(check_cookie(secrets, reply.option, address, now).state == CookieState::Valid, "good");
  CookieSecrets others = secrets;
  others.secrets[0][0] ^= 1;
  others.count = 1;
  imrs::fuzz::expect(check_cookie(others, reply.option, address, now).state == CookieState::Invalid,
                     "secret");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kHead = 5;
  const std::span<const std::uint8_t> input(data, size);
  if (size < kHead) return 0;
  const std::size_t address_size = input[0] % 2 == 1 ? 16 : 4;
  if (size < kHead + address_size) return 0;
  std::uint32_t now = 0;
  for (std::size_t i = 1; i < kHead; ++i) now = now << 8 | input[i];
  check(input.subspan(kHead + address_size), input.subspan(kHead, address_size), now);
  return 0;
}

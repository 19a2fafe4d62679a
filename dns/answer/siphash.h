// dns/answer/siphash.h
// SipHash-2-4 with 64 bits of output (Aumasson and Bernstein), for the hash of server cookies (RFC 9018
// section 4.4). No library at hand has it without an allocation for each message.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace imrs::answer {

static_assert(std::endian::native == std::endian::little, "words are loaded as they lie in memory");

using SipKey = std::array<std::uint8_t, 16>;

[[nodiscard]] inline std::uint64_t siphash24(const SipKey& key, std::span<const std::uint8_t> data) noexcept {
  const auto load = [](const std::uint8_t* from) {
    std::uint64_t word = 0;
    std::memcpy(&word, from, sizeof word);
    return word;
  };
  const std::uint64_t k0 = load(key.data()), k1 = load(key.data() + 8);
  std::uint64_t v0 = k0 ^ 0x736f6d6570736575, v1 = k1 ^ 0x646f72616e646f6d;
  std::uint64_t v2 = k0 ^ 0x6c7967656e657261, v3 = k1 ^ 0x7465646279746573;
  const auto rounds = [&](int count) {
    for (; count > 0; --count) {
      v0 += v1, v2 += v3;
      v1 = std::rotl(v1, 13) ^ v0, v3 = std::rotl(v3, 16) ^ v2;
      v0 = std::rotl(v0, 32);
      v2 += v1, v0 += v3;
      v1 = std::rotl(v1, 17) ^ v2, v3 = std::rotl(v3, 21) ^ v0;
      v2 = std::rotl(v2, 32);
    }
  };
  const auto absorb = [&](std::uint64_t word) {
    v3 ^= word;
    rounds(2);
    v0 ^= word;
  };
  std::size_t at = 0;
  for (; at + 8 <= data.size(); at += 8) absorb(load(data.data() + at));
  std::uint64_t last = static_cast<std::uint64_t>(data.size()) << 56;
  for (unsigned shift = 0; at < data.size(); ++at, shift += 8) last |= std::uint64_t{data[at]} << shift;
  absorb(last);
  v2 ^= 0xff;
  rounds(4);
  return v0 ^ v1 ^ v2 ^ v3;
}

}  // namespace imrs::answer

// dns/engine/keyed_hash.h
// Hashes of clients for tables that many share: without the key nobody finds one that meets a given other.
// Pure.
#pragma once

#include <array>
#include <cstdint>

namespace imrs::engine {

using HashKey = std::array<std::uint64_t, 2>;  // random, of the agent's life

// The finaliser of MurmurHash3 (public domain).
[[nodiscard]] constexpr std::uint64_t mix(std::uint64_t x) noexcept {
  x = (x ^ x >> 33) * 0xff51afd7ed558ccd;
  x = (x ^ x >> 33) * 0xc4ceb9fe1a85ec53;
  return x ^ x >> 33;
}

// What is to be told apart with `value` goes in by another mix().
[[nodiscard]] constexpr std::uint64_t keyed(std::uint64_t value, const HashKey& key) noexcept {
  return mix(value ^ key[0]) + key[1];
}

}  // namespace imrs::engine

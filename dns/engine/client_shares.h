// dns/engine/client_shares.h
// How many connections each client has: an IPv4 address or an IPv6 /64. A table of fixed size; who meets in
// one count shares it, and who that is depends on the key. No address is kept.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "dns/engine/keyed_hash.h"

namespace imrs::engine {

class ClientShares {
 public:
  explicit ClientShares(HashKey key) : key_(key), counts_(kCounts) {}

  // `address`: 4 or 16 octets.
  [[nodiscard]] std::uint16_t& of(std::span<const std::uint8_t> address) noexcept {
    std::uint64_t client = 0;
    for (const std::uint8_t octet : address.first(std::min<std::size_t>(address.size(), 8))) {
      client = client << 8 | octet;
    }
    return counts_[mix(keyed(client, key_)) % kCounts];
  }

 private:
  static constexpr std::size_t kCounts = 16384;
  HashKey key_;
  std::vector<std::uint16_t> counts_;
};

}  // namespace imrs::engine

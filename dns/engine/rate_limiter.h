// dns/engine/rate_limiter.h
// Limits how often one answer goes to one prefix (IPv4 /24, IPv6 /56) by UDP, so that this server is of no
// use for reflection. Over the limit a response only says "ask by TCP", never nothing: a real resolver gets
// through. A prefix lately seen on TCP has somebody who asks, and gets kProvenTimes as much; not more, for
// that says nothing of where its UDP packets come from.
//
// One table for all workers, in relaxed atomics: two workers at the same bucket may lose a token, never more;
// their clocks may differ. Whoever falls into the same bucket shares it. The hash is keyed, so that nobody
// can aim at a bucket. No address is kept: a bucket holds tokens and a time, the list of proven prefixes a
// keyed hash and a time.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "dns/engine/keyed_hash.h"

namespace imrs::engine {

class RateLimiter {
 public:
  static constexpr std::size_t kBuckets = std::size_t{1} << 18;
  static constexpr std::size_t kProven = std::size_t{1} << 17;
  static constexpr std::uint32_t kProvenMs = 60 * 60 * 1000;
  static constexpr std::uint32_t kProvenTimes = 100;

  // `per_second`: responses of one answer to one prefix, also the burst that a quiet prefix may have; 1 to
  // kMaxPerSecond.
  static constexpr std::uint32_t kMaxPerSecond = 1000000;
  RateLimiter(std::uint32_t per_second, HashKey key);

  // Where one answer to one prefix is counted. `address`: 4 or 16 octets; `answer`: Outcome::answer.
  [[nodiscard]] std::uint64_t bucket_of(std::span<const std::uint8_t> address,
                                        std::uint32_t answer) const noexcept;

  // Takes a token; false: there is none. `now_ms`: any clock that runs on, modulo 2^32.
  [[nodiscard]] bool take(std::uint64_t bucket, std::uint32_t now_ms) noexcept {
    return take_of(bucket, now_ms, full_);
  }
  // The same of a proven prefix that has none left.
  [[nodiscard]] bool take_more(std::uint64_t bucket, std::uint32_t now_ms) noexcept {
    return take_of(bucket ^ 1, now_ms, full_if_proven_);
  }

  // The prefix has completed a TCP handshake and asked.
  void prove(std::span<const std::uint8_t> address, std::uint32_t now_ms) noexcept;
  [[nodiscard]] bool is_proven(std::span<const std::uint8_t> address, std::uint32_t now_ms) const noexcept;

 private:
  using Table = std::unique_ptr<std::atomic<std::uint64_t>[], void (*)(void*)>;
  static Table make_table(std::size_t size);
  [[nodiscard]] std::uint64_t prefix_hash(std::span<const std::uint8_t> address) const noexcept;
  bool take_of(std::uint64_t bucket, std::uint32_t now_ms, std::uint64_t full) noexcept;

  std::uint64_t full_, full_if_proven_;  // thousandths of tokens, a second's worth
  HashKey key_;
  Table buckets_;  // time of the last use in ms << 32 | tokens in thousandths
  Table proven_;   // fingerprint << 32 | time in ms
};

static_assert((RateLimiter::kBuckets + RateLimiter::kProven) * sizeof(std::uint64_t) <= std::size_t{4} << 20);

}  // namespace imrs::engine

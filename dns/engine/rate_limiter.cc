// Token buckets for responses. Called by the workers for every UDP response that has an answer of the image.
// The hot path: one cache line of its own for each response, no lock, no allocation after construction.
#include "dns/engine/rate_limiter.h"

#include <algorithm>
#include <cstdlib>
#include <new>

namespace imrs::engine {
namespace {

constexpr std::uint64_t kThousand = 1000;
constexpr std::uint64_t kMostTokens = 4000000;  // whose thousandths have 32 bits
constexpr std::uint64_t kUnused = 0;            // of a bucket: full; of a proven prefix: nobody

// How long ago `then` was. A worker's clock stands while it answers a batch, so another's may be ahead: that
// is now, not 49 days ago.
constexpr std::uint32_t since(std::uint32_t then, std::uint32_t now) noexcept {
  constexpr std::uint32_t kAhead = 60000;
  const std::uint32_t elapsed = now - then;
  return elapsed > std::uint32_t{0} - kAhead ? 0 : elapsed;
}

// The /24 or /56 as a number, the families apart.
std::uint64_t prefix_of(std::span<const std::uint8_t> address) noexcept {
  const std::size_t octets = address.size() == 4 ? 3 : 7;
  std::uint64_t prefix = address.size() == 4 ? 4 : 6;
  for (std::size_t i = 0; i < std::min(octets, address.size()); ++i) prefix = prefix << 8 | address[i];
  return prefix;
}

}  // namespace

// Zeroed by the kernel page by page when first used: an idle engine does not pay for the tables.
RateLimiter::Table RateLimiter::make_table(std::size_t size) {
  void* const memory = std::calloc(size, sizeof(std::atomic<std::uint64_t>));
  if (memory == nullptr) throw std::bad_alloc();
  return {static_cast<std::atomic<std::uint64_t>*>(memory), std::free};
}

RateLimiter::RateLimiter(std::uint32_t per_second, HashKey key)
    : full_(std::clamp<std::uint32_t>(per_second, 1, kMaxPerSecond) * kThousand),
      full_if_proven_(std::min(full_ * kProvenTimes, kMostTokens * kThousand)),
      key_(key),
      buckets_(make_table(kBuckets)),
      proven_(make_table(kProven)) {}

std::uint64_t RateLimiter::prefix_hash(std::span<const std::uint8_t> address) const noexcept {
  return keyed(prefix_of(address), key_);
}

std::uint64_t RateLimiter::bucket_of(std::span<const std::uint8_t> address,
                                     std::uint32_t answer) const noexcept {
  return mix(prefix_hash(address) ^ std::uint64_t{answer} << 20) % kBuckets;
}

bool RateLimiter::take_of(std::uint64_t bucket, std::uint32_t now_ms, std::uint64_t full) noexcept {
  const std::uint64_t before = buckets_[bucket].load(std::memory_order_relaxed);
  std::uint64_t tokens = full;
  std::uint32_t used = now_ms;
  if (before != kUnused) {
    const auto last = static_cast<std::uint32_t>(before >> 32);
    const std::uint32_t elapsed = since(last, now_ms);
    tokens = std::min(full, (before & 0xffffffff) + elapsed * (full / kThousand));
    if (elapsed == 0) used = last;
  }
  const bool enough = tokens >= kThousand;
  if (enough) tokens -= kThousand;
  buckets_[bucket].store(std::uint64_t{used} << 32 | tokens, std::memory_order_relaxed);
  return enough;
}

void RateLimiter::prove(std::span<const std::uint8_t> address, std::uint32_t now_ms) noexcept {
  const std::uint64_t hash = mix(prefix_hash(address));
  proven_[hash % kProven].store((hash & ~std::uint64_t{0xffffffff}) | now_ms, std::memory_order_relaxed);
}

bool RateLimiter::is_proven(std::span<const std::uint8_t> address, std::uint32_t now_ms) const noexcept {
  const std::uint64_t hash = mix(prefix_hash(address));
  const std::uint64_t entry = proven_[hash % kProven].load(std::memory_order_relaxed);
  if (entry == kUnused || entry >> 32 != hash >> 32) return false;
  return since(static_cast<std::uint32_t>(entry), now_ms) <= kProvenMs;
}

}  // namespace imrs::engine

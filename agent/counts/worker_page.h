// agent/counts/worker_page.h
// What one engine worker counts, in shared memory. Written by that worker only, read by anybody at any time;
// every field is a relaxed atomic, so no lock and no torn value, and an engine crash costs at most the batch
// in hand. The memory outlives the engine (agent/counts/pages.h). Probes are in none of the counts but their
// own; no client's address is in any.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "agent/base/query_kinds.h"

namespace imrs {

using Counter = std::atomic<std::uint64_t>;
static_assert(Counter::is_always_lock_free);

// Adds to a counter that only this thread writes: a load and a store, no locked instruction.
inline void count(Counter& counter, std::uint64_t by = 1) noexcept {
  counter.store(counter.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
}

inline constexpr std::size_t kRcodes = 25;       // 0..23 as they are, 24: any other
inline constexpr std::size_t kMaxServices = 16;  // service addresses
// Sizes of messages in octets, as RSSAC002 wants them: bins of 16; the last one has no end.
inline constexpr std::size_t kSizeBin = 16, kQuerySizes = 19, kResponseSizes = 257;
// Times: bin i is below 2^i microseconds; the last one has no end.
inline constexpr std::size_t kTimes = 22;

// Traffic of one transport to one service address.
struct TrafficCounters {
  Counter queries;                      // messages received, well formed or not
  Counter responses;                    // messages sent
  Counter unanswered;                   // received, and no response deserved
  Counter truncated;                    // responses with TC, also by the rate limit
  Counter limited;                      // responses with TC by the rate limit
  Counter query_bytes, response_bytes;  // DNS octets
  std::array<Counter, kRcodes> rcodes;  // of responses
  std::array<Counter, 16> opcodes;      // of messages with a header
  std::array<Counter, kMalformed> malformed;
  std::array<Counter, kQueryAttributes> attributes;
  std::array<Counter, kChaosNames> chaos;
  std::array<Counter, kCountedTypes> types;  // of readable questions, by type_index()
  std::array<Counter, kQuerySizes> query_sizes;
  std::array<Counter, kResponseSizes> response_sizes;
};

// From when a worker has taken messages from the kernel until it has handed the answers back, each message of
// a batch for itself.
struct TimeCounters {
  std::array<Counter, kTimes> bins;
  Counter total_ns;
};

struct alignas(4096) WorkerPage {
  Counter generation;       // image generation this worker answers from; 0 before the first
  Counter in_hand;          // hash of the question being answered (dns/wire/question_hash.h), 0: none
  Counter fatal;            // the one that was in hand when this worker's thread crashed, 0: none
  Counter denied;           // dropped, for they have killed workers before
  Counter probes;           // answered on the private sockets
  Counter send_errors;      // responses that the kernel did not take
  Counter tcp_connections;  // open now
  Counter tcp_accepted;     // connections ever taken
  Counter tcp_rejected;     // connections closed, or left waiting, because a table was full
  std::array<TimeCounters, 2> times;                                 // [transport]
  std::array<std::array<TrafficCounters, kMaxServices>, 2> traffic;  // [transport][service]
};

}  // namespace imrs

// agent/base/worker_page.h
// What one engine worker counts, in shared memory. Written by that worker only, read by the agent at
// any time; every field is a relaxed atomic, so no lock and no torn value, and an engine crash costs
// at most the batch in hand. The memfd holds one WorkerPage per worker and outlives the engine.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace imrs {

using Counter = std::atomic<std::uint64_t>;
static_assert(Counter::is_always_lock_free);

// Adds to a counter that only this thread writes: a load and a store, no locked instruction.
inline void count(Counter& counter, std::uint64_t by = 1) noexcept {
  counter.store(counter.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
}

inline constexpr std::size_t kRcodes = 24;  // 0..22 as they are, 23: any other (extended ones too)

// Traffic of one transport and family. Probes are not in it.
struct TrafficCounters {
  Counter queries;                      // messages received, well formed or not
  Counter responses;                    // messages sent
  Counter malformed;                    // received and left unanswered
  Counter truncated;                    // responses with TC, also by the rate limit
  Counter limited;                      // responses with TC by the rate limit
  std::array<Counter, kRcodes> rcodes;  // of responses
  Counter query_bytes;                  // DNS octets
  Counter response_bytes;
};

struct alignas(4096) WorkerPage {
  Counter progress;         // counts up with every turn of the worker's loop, also when idle
  Counter generation;       // image generation this worker answers from; 0 before the first
  Counter in_hand;          // hash of the question being answered (dns/engine/question_hash.h), 0: none
  Counter fatal;            // the one that was in hand when this worker's thread crashed, 0: none
  Counter denied;           // dropped, for they have killed workers before
  Counter probes;           // answered on the private sockets
  Counter send_errors;      // responses that the kernel did not take
  Counter tcp_connections;  // open now
  Counter tcp_rejected;     // connections closed, or left waiting, because a table was full
  std::array<std::array<TrafficCounters, 2>, 2> traffic;  // [transport][family]
};

}  // namespace imrs

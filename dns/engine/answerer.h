// dns/engine/answerer.h
// One worker's way from a query to a response, for UDP and TCP alike: the question in hand noted, questions
// that kill dropped, the responder, the rate limit, the counters. The hot path: no allocation, no system
// call, no lock, no exception.
#pragma once

#include <cstdint>
#include <span>

#include "agent/base/worker_page.h"
#include "dns/answer/responder.h"
#include "dns/engine/image_slot.h"
#include "dns/engine/rate_limiter.h"

namespace imrs::engine {

class Answerer {
 public:
  // All must outlive it. `limiter`: shared by the workers; null: no limit. `keepalive`: Context::keepalive.
  Answerer(WorkerPage& page, const answer::Identity& identity, RateLimiter* limiter, std::uint16_t keepalive)
      : page_(page), identity_(identity), limiter_(limiter), keepalive_(keepalive) {}

  // What to answer from until it is called again: at the start of every turn of the worker's loop. `unix_now`
  // in seconds; `now_ms` of a clock that runs on, both modulo 2^32.
  void begin(const Published& published, std::uint32_t unix_now, std::uint32_t now_ms) noexcept {
    published_ = &published;
    unix_now_ = unix_now;
    now_ms_ = now_ms;
  }

  // Answers one message. `counters` null: a probe of the agent's, never limited and counted apart. Size 0:
  // send nothing.
  answer::Outcome answer(const answer::Client& client, std::span<const std::uint8_t> query,
                         std::span<std::uint8_t> response, TrafficCounters* counters) noexcept;

  // Nothing is in hand any more: call it after each batch.
  void rest() noexcept { page_.in_hand.store(0, std::memory_order_relaxed); }

 private:
  void limit(const answer::Client& client, std::span<std::uint8_t> response, answer::Outcome& outcome,
             TrafficCounters& counters) noexcept;

  WorkerPage& page_;
  const answer::Identity& identity_;
  RateLimiter* limiter_;
  std::uint16_t keepalive_;
  const Published* published_ = nullptr;
  std::uint32_t unix_now_ = 0, now_ms_ = 0;
};

}  // namespace imrs::engine

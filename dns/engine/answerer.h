// dns/engine/answerer.h
// One worker's way from a query to a response, for UDP and TCP alike: the question in hand noted, questions
// that kill dropped, the responder, the rate limit, the counters. The hot path: no allocation, no system
// call, no lock, no exception.
#pragma once

#include <cstdint>
#include <span>

#include "agent/counts/worker_page.h"
#include "dns/answer/responder.h"
#include "dns/engine/image_slot.h"
#include "dns/engine/rate_limiter.h"
#include "dns/engine/recorder.h"

namespace imrs::engine {

// Where a worker counts, and what it answers with; all must outlive it.
struct WorkerContext {
  WorkerPage& page;
  counts::WorkerTables& tables;
  const answer::Identity& identity;
  RateLimiter* limiter;  // shared by the workers; null: no limit
  HashKey client_key;
  counts::SketchKey source_key;
};

class Answerer {
 public:
  // `keepalive`: Context::keepalive.
  Answerer(const WorkerContext& context, std::uint16_t keepalive)
      : page_(context.page),
        identity_(context.identity),
        limiter_(context.limiter),
        keepalive_(keepalive),
        recorder_(context.page, context.tables, context.source_key) {}

  // What to answer from until it is called again: at the start of every turn of the worker's loop. `unix_now`
  // in seconds; `now_ms` of a clock that runs on, both modulo 2^32.
  void begin(const Published& published, std::uint32_t unix_now, std::uint32_t now_ms) noexcept {
    published_ = &published;
    unix_now_ = unix_now;
    now_ms_ = now_ms;
    recorder_.begin(published.names, unix_now);
  }

  // Answers one message. `counters` null: a probe of the agent's, never limited and counted apart. Size 0:
  // send nothing.
  answer::Outcome answer(const answer::Client& client, std::span<const std::uint8_t> query,
                         std::span<std::uint8_t> response, TrafficCounters* counters) noexcept;

  // Nothing is in hand any more: call it after each batch.
  void rest() noexcept { page_.in_hand.store(0, std::memory_order_relaxed); }

  // For how long the answers of a batch took: when it has come, and when its answers are handed over.
  [[nodiscard]] Recorder::TimePoint received() const noexcept { return Recorder::now(); }
  void handed_over(Transport transport, std::size_t queries, Recorder::TimePoint received) noexcept {
    recorder_.note_time(transport, queries, received);
  }

 private:
  bool limit(const answer::Client& client, std::span<std::uint8_t> response,
             answer::Outcome& outcome) noexcept;

  WorkerPage& page_;
  const answer::Identity& identity_;
  RateLimiter* limiter_;
  std::uint16_t keepalive_;
  Recorder recorder_;
  const Published* published_ = nullptr;
  std::uint32_t unix_now_ = 0, now_ms_ = 0;
};

}  // namespace imrs::engine

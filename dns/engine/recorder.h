// dns/engine/recorder.h
// Counts what one worker is asked and answers. The hot path: no allocation, no system call, no lock, no
// exception; some twenty counters, two table entries and the registers of a sketch for each query. Built with
// IMRS_WITHOUT_COUNTING it counts only what the agent needs to see that the engine works: that is what the
// cost of counting is measured against (tests/bench/counting_cost).
#pragma once

#include <chrono>
#include <cstdint>
#include <span>

#include "agent/counts/pages.h"
#include "dns/answer/responder.h"
#include "dns/engine/name_registry.h"

namespace imrs::engine {

class Recorder {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  // Both must outlive it; written by the worker's thread only.
  Recorder(WorkerPage& page, counts::WorkerTables& tables, counts::SketchKey key)
      : page_(page), tables_(tables), key_(key) {}

  // What holds until it is called again: where names are counted, and the UTC day. `unix_now` in seconds.
  void begin(const NamePlaces* places, std::uint32_t unix_now) noexcept;

  // One query and what became of it, `limited` by the rate limit. `counters`: of its transport and service.
  void note(TrafficCounters& counters, const answer::Client& client, std::span<const std::uint8_t> query,
            const answer::Outcome& outcome, bool limited) noexcept;

  // The answers of a batch of `queries` that had come at `since`, by now(), are handed over.
  [[nodiscard]] static TimePoint now() noexcept;
  void note_time(Transport transport, std::size_t queries, TimePoint since) noexcept;

 private:
  void note_query(TrafficCounters& counters, std::span<const std::uint8_t> query,
                  const answer::Outcome& outcome) noexcept;
  void note_name(TrafficCounters& counters, std::span<const std::uint8_t> query,
                 const answer::Outcome& outcome) noexcept;
  void note_source(std::span<const std::uint8_t> address) noexcept;
  void begin_day(std::uint64_t day) noexcept;

  WorkerPage& page_;
  counts::WorkerTables& tables_;
  counts::SketchKey key_;
  const NamePlaces* places_ = nullptr;
  counts::DayTables* today_ = nullptr;
  std::uint64_t day_ = 0;
};

}  // namespace imrs::engine

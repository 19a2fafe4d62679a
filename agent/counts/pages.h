// agent/counts/pages.h
// The shared memory of all counts: a memfd that the agent makes, the engine writes, and imrs-web and imrsctl
// read. It can neither shrink nor grow. One after the other:
//
//   WorkerPage × workers | NameTable | WorkerTables × workers
//
// The agent itself maps the pages only: the tables are large, and its memory is locked.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "agent/base/memfd.h"
#include "agent/base/result.h"
#include "agent/counts/missing_names.h"
#include "agent/counts/sketch.h"
#include "agent/counts/worker_page.h"

namespace imrs::counts {

inline constexpr std::size_t kMaxNames = 4096;
inline constexpr std::size_t kNameSize = 64;  // presentation form and a zero; longer names share place 0

// Delegations and zones that have been served since the memory was made. Names are only ever added, by the
// engine's control thread; a place keeps its name from image to image and from engine to engine.
struct NameTable {
  Counter epoch;  // random: tells this memory from one before it
  Counter since;  // Unix time at which it was made, as the wall clock then was
  Counter used;   // places; place 0 is for what has none of its own
  std::array<std::array<std::atomic<char>, kNameSize>, kMaxNames> names;
};

struct alignas(64) NameCounters {
  std::array<Counter, kNameTypes> types;  // by name_type_index()
};

// What belongs to one UTC day. There are two: the day that is, and the one before.
struct DayTables {
  Counter day;                            // days since 1970, plus 1; 0: none yet
  LiveSketch ipv4, ipv6, ipv6_aggregate;  // sources: addresses, addresses, /64 prefixes
  MissingNames missing;
};

struct alignas(4096) WorkerTables {
  std::array<NameCounters, kMaxNames> names;  // questions about a place of the NameTable
  std::array<DayTables, 2> days;              // by day modulo 2
};

// All of it, mapped.
class Pages {
 public:
  Pages() = default;

  // A new memfd for so many workers, everything zero but epoch and time.
  [[nodiscard]] static Result<UniqueFd> make(std::uint32_t workers);
  [[nodiscard]] static std::size_t size_for(std::uint32_t workers) noexcept;
  // Maps such a memfd, refused if it is of another size. `writable`: for the engine.
  [[nodiscard]] static Result<Pages> map(int fd, std::uint32_t workers, bool writable);
  // The agent's part: sizeof(WorkerPage) × workers.
  [[nodiscard]] static Result<Mapping> map_worker_pages(int fd, std::uint32_t workers);

  [[nodiscard]] bool empty() const noexcept { return workers_ == 0; }
  [[nodiscard]] std::span<WorkerPage> workers() const noexcept;
  [[nodiscard]] NameTable& names() const noexcept;
  [[nodiscard]] std::span<WorkerTables> tables() const noexcept;

 private:
  Mapping mapping_;
  std::uint32_t workers_ = 0;
};

}  // namespace imrs::counts

// agent/preflight/host_points.h
// The points about the machine: clock, network interfaces, disk, memory, processors. Pure: facts in, a
// finding out. What an appliance needs is in the .cc, as a table.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "agent/config/config.h"
#include "agent/preflight/report.h"

namespace imrs::preflight {

using Appliance = InstanceConfig::Appliance;

struct ClockFacts {
  bool synchronised = false;   // so the kernel was told
  std::int64_t offset_us = 0;  // still to be corrected, microseconds
  std::int64_t max_error_us = 0;
};
[[nodiscard]] Finding judge_clock(const Result<ClockFacts>& facts);

struct Nic {
  std::string name;
  bool there = false;                 // false: there is no such interface
  std::optional<std::int64_t> speed;  // Mbit/s; nothing: the driver does not say
  std::string duplex;                 // "full", "half", "unknown", ""
  bool carrier = false;
  std::uint32_t mtu = 0;  // octets; 0: it is there, but the kernel shows nothing of it
};
// Those that lead to neighbours and clients are as fast as the appliance has to be.
[[nodiscard]] Finding judge_speed(std::span<const Nic> nics, Appliance appliance);
// Nobody on the first link needs to cut what fits into 1500 octets.
[[nodiscard]] Finding judge_mtu(std::span<const Nic> nics);

struct DiskFacts {
  std::string directory;                   // the "state_directory"
  bool there = false;                      // false: what follows is of the nearest directory above it
  std::uint64_t total = 0, available = 0;  // octets
  std::uint64_t total_files = 0, available_files = 0;  // total 0: the file system does not count them
  bool in_memory = false, read_only = false;
  std::string write_error;  // of a small file that was written, synced and removed; empty: it went well
};
[[nodiscard]] Finding judge_disk(const Result<DiskFacts>& facts);

struct MemoryFacts {
  std::uint64_t total = 0, available = 0, swap = 0;  // octets
};
[[nodiscard]] Finding judge_memory(const Result<MemoryFacts>& facts, Appliance appliance);

// `workers`: of the engine, as configured.
[[nodiscard]] Finding judge_processors(std::uint32_t processors, std::uint32_t workers, Appliance appliance);

}  // namespace imrs::preflight

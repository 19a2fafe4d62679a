// agent/preflight/look_host.h
// What this machine says of its clock, memory, disk and kernel.
#pragma once

#include <string>
#include <string_view>

#include "agent/preflight/host_points.h"
#include "agent/preflight/system_points.h"

namespace imrs::preflight {

[[nodiscard]] Result<ClockFacts> look_at_clock();

// `text`: of /proc/meminfo. Pure.
[[nodiscard]] Result<MemoryFacts> memory_of(std::string_view text);

// Writes a file of 4 kiB there and removes it. An error: there is no such directory nor one above it.
[[nodiscard]] Result<DiskFacts> look_at_disk(const std::string& directory);

[[nodiscard]] std::string kernel_release();
[[nodiscard]] KernelFeatures look_at_kernel();
[[nodiscard]] std::uint32_t processors();

}  // namespace imrs::preflight

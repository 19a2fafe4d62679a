// dns/pipeline/output.h
// Files that are there whole or not at all.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "agent/base/result.h"

namespace imrs::pipeline {

// Writes to a temporary name in the same directory, fsyncs, and renames over `path` (mode 0644 by the
// umask). After an error `path` is as it was and no temporary file is left.
[[nodiscard]] Result<void> write_whole(const std::string& path, std::span<const std::uint8_t> content);

// Makes what was renamed to `path` last over a power cut.
[[nodiscard]] Result<void> sync_directory_of(const std::string& path);

}  // namespace imrs::pipeline

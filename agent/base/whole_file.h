// agent/base/whole_file.h
// Files that are there whole or not at all.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "agent/base/result.h"

namespace imrs {

// Until it is renamed, what will be `path` has this and six characters of mkostemp(3) behind that name. Who
// is killed leaves it; the package's tmpfiles.conf removes it at boot.
inline constexpr std::string_view kFreshMark = ".new-";

// Writes to a temporary name in the same directory, fsyncs, and renames over `path` (mode 0644 by the
// umask). After an error `path` is as it was and no temporary file is left.
[[nodiscard]] Result<void> write_whole(const std::string& path, std::span<const std::uint8_t> content);

// The same with a temporary name of `path`.new, and what was there stays as `path`.before: whatever happens,
// a power cut too, one of them is whole. A `.new` that is found was left by one.
[[nodiscard]] Result<void> save_generation(const std::string& path, std::span<const std::uint8_t> content);

// The name under which whoever replaces a file of /etc/imrs keeps the one before.
[[nodiscard]] std::string previous_of(const std::string& path);

// Makes what was renamed to `path` last over a power cut.
[[nodiscard]] Result<void> sync_directory_of(const std::string& path);

}  // namespace imrs

// agent/base/regular_file.h
// Files in directories of other users: they may have put anything there.
#pragma once

#include <cstddef>
#include <string>

#include "agent/base/result.h"
#include "agent/base/unique_fd.h"

namespace imrs {

// Opens it for reading; never waits, as a pipe would make one, and follows no link at its end.
// Errc::Unavailable: it is not there; Errc::InvalidInput: it is no regular file.
[[nodiscard]] Result<UniqueFd> open_regular_file(const std::string& path);

// All of it; Errc::InvalidInput: more than `most` octets, too.
[[nodiscard]] Result<std::string> read_regular_file(const std::string& path, std::size_t most);

// The same of one that is open; `path` is for the error.
[[nodiscard]] Result<std::string> read_regular_file(const UniqueFd& file, const std::string& path,
                                                    std::size_t most);

}  // namespace imrs

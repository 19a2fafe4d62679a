// agent/base/directory.h
// The directory of a file, by name and as what is locked while files in it change.
#pragma once

#include <string>

#include "agent/base/result.h"
#include "agent/base/unique_fd.h"

namespace imrs {

// "/etc/imrs" of "/etc/imrs/agent.json", "/" of "/file", "." of "file".
[[nodiscard]] std::string directory_of(const std::string& path);

// Nobody else holds it meanwhile (flock(2)), or, if `shared`, nobody but others who share it. Never waits:
// Errc::Unavailable: somebody does.
[[nodiscard]] Result<UniqueFd> lock_directory(const std::string& directory, bool shared = false);

}  // namespace imrs

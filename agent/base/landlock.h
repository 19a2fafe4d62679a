// agent/base/landlock.h
// Which files a process may still reach (landlock(7)): nothing but what lies beneath the named places.
#pragma once

#include <string>
#include <vector>

#include "agent/base/result.h"

namespace imrs {

struct FileAccess {
  // Directories or files; of one that is not there, the nearest directory above it that is.
  std::vector<std::string> read;
  std::vector<std::string> write;  // directories: files in them may be made, renamed, removed and read too
};

// For the calling thread and those it starts; for ever. Needs give_up_dumps_and_privileges() before.
// Errc::Unavailable: this kernel has no landlock, nothing is restricted.
[[nodiscard]] Result<void> restrict_files(const FileAccess& access);

}  // namespace imrs

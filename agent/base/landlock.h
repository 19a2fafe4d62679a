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
  // Directories, only if they are there: files and directories in them may be made, removed and read, files
  // renamed too.
  std::vector<std::string> write;
};

// For the calling thread and those it starts; for ever. Needs give_up_dumps_and_privileges() before. A
// place that cannot be looked at, on a dead disk, cannot be reached afterwards, and that is all: whoever
// uses it says so. Errc::Unavailable: this kernel has no landlock, nothing is restricted.
[[nodiscard]] Result<void> restrict_files(const FileAccess& access);

}  // namespace imrs

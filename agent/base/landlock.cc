// Landlock by its system calls, for which the C library has no functions. Called by imrs-zone and the auditor
// once they know their settings. What is not allowed here is refused, also to whoever takes the process over.
#include "agent/base/landlock.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "agent/base/unique_fd.h"

namespace imrs {
namespace {

constexpr std::uint64_t kRead = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
constexpr std::uint64_t kWrite = kRead | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG |
                                 LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR |
                                 LANDLOCK_ACCESS_FS_REMOVE_DIR;
constexpr std::uint64_t kOfFiles = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE;

// Everything of the first version: newer rights only take more away from what is not allowed anyway.
constexpr std::uint64_t kAll = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1;

std::string parent_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

UniqueFd open_place(const std::string& path) { return UniqueFd(::open(path.c_str(), O_PATH | O_CLOEXEC)); }

UniqueFd open_nearest(std::string path) {
  for (;;) {
    UniqueFd fd = open_place(path);
    if (fd || errno != ENOENT || path == "/" || path == ".") return fd;
    path = parent_of(path);
  }
}

// Below `place`, which may be none.
Result<void> allow(int ruleset, const UniqueFd& place, std::uint64_t rights) {
  struct stat status {};
  if (!place || ::fstat(place.get(), &status) != 0) return {};
  landlock_path_beneath_attr rule{};
  rule.allowed_access = S_ISDIR(status.st_mode) ? rights : rights & kOfFiles;
  rule.parent_fd = place.get();
  if (::syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0) return {};
  return system_error("landlock");
}

}  // namespace

Result<void> restrict_files(const FileAccess& access) {
  landlock_ruleset_attr attributes{};
  attributes.handled_access_fs = kAll;
  const UniqueFd ruleset(
      static_cast<int>(::syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0)));
  if (!ruleset && (errno == ENOSYS || errno == EOPNOTSUPP)) {
    return Error{Errc::Unavailable, "this kernel has no landlock; files are not restricted"};
  }
  if (!ruleset) return system_error("landlock");
  for (const std::string& path : access.read) {
    if (auto allowed = allow(ruleset.get(), open_nearest(path), kRead); !allowed) return allowed;
  }
  for (const std::string& path : access.write) {
    if (auto allowed = allow(ruleset.get(), open_place(path), kWrite); !allowed) return allowed;
  }
  if (::syscall(SYS_landlock_restrict_self, ruleset.get(), 0) == 0) return {};
  return system_error("landlock");
}

}  // namespace imrs

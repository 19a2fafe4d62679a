// Replaces secrets, anchors and certificates. Called by `imrsctl rotate` and `rollback`. It must never make a
// file readable to more people than it was.
#include "agent/remote/kept_file.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <optional>

#include "agent/base/directory.h"
#include "agent/base/unique_fd.h"
#include "agent/base/whole_file.h"

namespace imrs::remote {
namespace {

struct Access {
  uid_t owner = 0;
  gid_t group = 0;
  mode_t mode = 0640;
};

// Of the file that is there; nullopt: there is none.
Result<std::optional<Access>> access_of(const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) {
    if (errno == ENOENT) return std::optional<Access>();
    return system_error(path);
  }
  if (!S_ISREG(status.st_mode)) {
    return Error{Errc::InvalidInput, path + " is no regular file: name the file itself in agent.json"};
  }
  return std::optional(Access{status.st_uid, status.st_gid, status.st_mode & 0777U});
}

Result<Access> access_for_new(const std::string& path) {
  struct stat status {};
  const std::string directory = directory_of(path);
  if (::stat(directory.c_str(), &status) != 0) return system_error(directory);
  return Access{status.st_uid, status.st_gid, 0640};
}

Result<void> write_all(int fd, std::string_view content, const std::string& path) {
  while (!content.empty()) {
    const ssize_t n = ::write(fd, content.data(), content.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return system_error("write " + path);
    content.remove_prefix(static_cast<std::size_t>(n));
  }
  return ::fsync(fd) == 0 ? Result<void>() : system_error("fsync " + path);
}

// The temporary file's name; nobody but root can read it before it has its owner and mode.
Result<std::string> write_beside(const std::string& path, std::string_view content, const Access& access) {
  std::string name = path + ".XXXXXX";
  const UniqueFd fd(::mkostemp(name.data(), O_CLOEXEC));
  if (!fd) return system_error("create a temporary file for " + path);
  auto written = write_all(fd.get(), content, path);
  const bool own = ::geteuid() != 0 && access.owner == ::geteuid();  // only root gives files away
  if (written && !own && ::fchown(fd.get(), access.owner, access.group) != 0) {
    written = system_error("chown " + path);
  }
  if (written && ::fchmod(fd.get(), access.mode) != 0) written = system_error("chmod " + path);
  if (written) return name;
  ::unlink(name.c_str());
  return written.error();
}

// A second name for what is there now.
Result<void> keep_previous(const std::string& path) {
  const std::string previous = previous_of(path), fresh = previous + ".new";
  if (::unlink(fresh.c_str()) != 0 && errno != ENOENT) return system_error(fresh);
  if (::link(path.c_str(), fresh.c_str()) != 0) return system_error(fresh);
  if (::rename(fresh.c_str(), previous.c_str()) != 0) return system_error(previous);
  // Two names of one file: then rename(2) does nothing and leaves both.
  (void)::unlink(fresh.c_str());
  return {};
}

}  // namespace

Result<void> replace_kept(const std::string& path, std::string_view content) {
  const auto there = access_of(path);
  if (!there) return there.error();
  const auto access = *there ? Result<Access>(**there) : access_for_new(path);
  if (!access) return access.error();
  const auto fresh = write_beside(path, content, *access);
  if (!fresh) return fresh.error();
  Result<void> done;
  if (*there) done = keep_previous(path);
  if (done && ::rename(fresh->c_str(), path.c_str()) != 0) done = system_error(path);
  if (!done) {
    ::unlink(fresh->c_str());
    return done;
  }
  return sync_directory_of(path);
}

Result<void> put_back(const std::string& path) {
  const std::string previous = previous_of(path);
  if (::rename(previous.c_str(), path.c_str()) != 0) {
    if (errno != ENOENT) return system_error(previous);
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) return system_error(path);
  }
  return sync_directory_of(path);
}

Result<void> exchange_with_previous(const std::string& path) {
  const std::string previous = previous_of(path);
  if (::renameat2(AT_FDCWD, previous.c_str(), AT_FDCWD, path.c_str(), RENAME_EXCHANGE) != 0) {
    if (errno == ENOENT) {
      return Error{Errc::Unavailable, previous + " is not there: nothing was replaced that could come back"};
    }
    return system_error("exchange " + path + " and " + previous);
  }
  return sync_directory_of(path);
}

}  // namespace imrs::remote

// Replaces secrets, anchors and certificates. Called by `imrsctl rotate` and `rollback`. It must never make a
// file readable to more people than it was, but to the program for which it is there.
#include "agent/remote/kept_file.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <vector>

#include "agent/base/directory.h"
#include "agent/base/unique_fd.h"
#include "agent/base/whole_file.h"

namespace imrs::remote {
namespace {

constexpr std::string_view kFreshTail = "XXXXXX";  // of mkostemp(3)
constexpr mode_t kSecret = 0640, kPublic = 0644;

struct Access {
  uid_t owner = 0;
  gid_t group = 0;
  mode_t mode = kSecret;
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
  return Access{status.st_uid, status.st_gid, kSecret};
}

bool may_read(const Access& access, const FileReader& reader) {
  if (reader.everybody) return access.mode == kPublic;
  if (reader.uid == 0) return true;
  if (reader.uid == access.owner) return (access.mode & S_IRUSR) != 0;
  return (access.mode & (reader.group == access.group ? S_IRGRP : S_IROTH)) != 0;
}

Access with_reader(const Access& access, const FileReader& reader) {
  if (may_read(access, reader)) return access;
  return reader.everybody ? Access{access.owner, access.group, kPublic}
                          : Access{access.owner, reader.group, kSecret};
}

// The owner first: nobody of the group before gets to read it.
Result<void> set_access(int fd, const Access& access, const std::string& path) {
  const bool own = ::geteuid() != 0 && access.owner == ::geteuid();  // only root gives files away
  if (!own && ::fchown(fd, access.owner, access.group) != 0) return system_error("chown " + path);
  return ::fchmod(fd, access.mode) == 0 ? Result<void>() : system_error("chmod " + path);
}

bool is_fresh_name(std::string_view name, const std::string& prefix) {
  constexpr std::string_view kCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
  return name.starts_with(prefix) && name.size() == prefix.size() + kFreshTail.size() &&
         name.find_first_not_of(kCharacters, prefix.size()) == std::string_view::npos;
}

// With their directories.
Result<std::vector<std::string>> fresh_names(const std::string& path) {
  const std::string directory = directory_of(path);
  const std::string prefix = path.substr(path.rfind('/') + 1).append(kFreshMark);
  const std::unique_ptr<DIR, int (*)(DIR*)> open(::opendir(directory.c_str()), ::closedir);
  if (!open) return system_error(directory);
  std::vector<std::string> out;
  while (const dirent* const entry = ::readdir(open.get())) {
    if (is_fresh_name(entry->d_name, prefix)) out.push_back(directory + "/" + entry->d_name);
  }
  return out;
}

// Somebody else's stay, and what is no plain file.
Result<void> remove_leftovers(const std::string& path) {
  const auto names = fresh_names(path);
  if (!names) return names.error();
  for (const std::string& name : *names) {
    struct stat status {};
    if (::lstat(name.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) continue;
    if (status.st_uid == ::geteuid() && ::unlink(name.c_str()) != 0) return system_error(name);
  }
  return {};
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
  std::string name = path;
  name.append(kFreshMark).append(kFreshTail);
  const UniqueFd fd(::mkostemp(name.data(), O_CLOEXEC));
  if (!fd) return system_error("create a temporary file for " + path);
  auto written = write_all(fd.get(), content, path);
  if (written) written = set_access(fd.get(), access, path);
  if (written) return name;
  ::unlink(name.c_str());
  return written.error();
}

// What was .previous until now.
std::string saved_of(const std::string& path) { return previous_of(path) + ".before"; }
// On its way to be .previous.
std::string second_of(const std::string& path) { return previous_of(path) + ".new"; }

Result<void> remove_if_there(const std::string& path) {
  return ::unlink(path.c_str()) == 0 || errno == ENOENT ? Result<void>() : system_error(path);
}

bool exists(const std::string& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0;
}

bool are_one_file(const std::string& path, const std::string& other) {
  struct stat one {
  }, two{};
  return ::lstat(path.c_str(), &one) == 0 && ::lstat(other.c_str(), &two) == 0 && one.st_dev == two.st_dev &&
         one.st_ino == two.st_ino;
}

// A second name for what is there now, in the place of the .previous, which gets another one. From here to
// the new file's rename() `path` and .previous are one file, which they never are otherwise.
Result<void> keep_previous(const std::string& path) {
  const std::string previous = previous_of(path), second = second_of(path), saved = saved_of(path);
  if (::link(previous.c_str(), saved.c_str()) != 0 && errno != ENOENT) return system_error(saved);
  if (::link(path.c_str(), second.c_str()) != 0) return system_error(second);
  return ::rename(second.c_str(), previous.c_str()) == 0 ? Result<void>() : system_error(previous);
}

}  // namespace

bool is_unsettled(const std::string& path) { return exists(saved_of(path)); }

Result<void> settle(const std::string& path) {
  const std::string previous = previous_of(path), saved = saved_of(path);
  if (auto removed = remove_if_there(second_of(path)); !removed) return removed;
  // Cut off before the new file was there. Then, and while it is taken back, the one before is the way back.
  const bool early = are_one_file(path, previous);
  if (early && ::unlink(previous.c_str()) != 0) return system_error(previous);
  if (!exists(saved)) return early ? sync_directory_of(path) : Result<void>();
  if (exists(previous)) {
    if (auto removed = remove_if_there(saved); !removed) return removed;
  } else if (::rename(saved.c_str(), previous.c_str()) != 0) {
    return system_error(previous);
  }
  return sync_directory_of(path);
}

Result<Before> replace_kept(const std::string& path, std::string_view content,
                            const std::optional<FileReader>& reader) {
  const auto there = access_of(path);
  if (!there) return there.error();
  const auto access = *there ? Result<Access>(**there) : access_for_new(path);
  if (!access) return access.error();
  if (auto clean = remove_leftovers(path); !clean) return clean.error();
  if (auto settled = settle(path); !settled) return settled.error();
  const auto fresh = write_beside(path, content, reader ? with_reader(*access, *reader) : *access);
  if (!fresh) return fresh.error();
  Result<void> done;
  if (*there) done = keep_previous(path);
  if (done && ::rename(fresh->c_str(), path.c_str()) != 0) done = system_error(path);
  if (!done) {
    ::unlink(fresh->c_str());
    if (auto settled = settle(path); !settled) return settled.error().within(done.error().message);
    return done.error();
  }
  const Before before = *there ? Before::There : Before::Nothing;
  if (auto lasts = sync_directory_of(path); !lasts) {
    if (auto back = put_back(path, before); !back) return back.error().within(lasts.error().message);
    return lasts.error();
  }
  return before;
}

Result<void> let_read(const std::string& path, const FileReader& reader) {
  const auto there = access_of(path);
  if (!there) return there.error();
  if (!*there || may_read(**there, reader)) return {};
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!fd) return system_error(path);
  return set_access(fd.get(), with_reader(**there, reader), path);
}

Result<void> put_back(const std::string& path, Before before) {
  const std::string previous = previous_of(path);
  if (before == Before::Nothing) {
    if (auto removed = remove_if_there(path); !removed) return removed;
    return sync_directory_of(path);
  }
  if (::rename(previous.c_str(), path.c_str()) != 0) return system_error(previous);
  if (auto settled = settle(path); !settled) return settled;
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

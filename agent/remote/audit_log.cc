// The audit log's file. Called by `imrsctl remote` before and after each use. It must never lose a line that
// was said to be written, and never let one be half of another.
#include "agent/remote/audit_log.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "agent/base/regular_file.h"
#include "agent/base/unique_fd.h"
#include "agent/base/whole_file.h"
#include "agent/remote/roles.h"

namespace imrs::remote {
namespace {

constexpr int kTurns = 5;  // others may rotate between our opening and our locking

std::string numbered(const std::string& path, int number) {
  return number == 0 ? path : path + "." + std::to_string(number);
}

Error cannot(const std::string& path, int error_number) {
  const Error error = system_error(path, error_number);
  return error_number == ENOSPC ? Error{error.code, error.message + "; make room on that disk"} : error;
}

// Locked, and still the one that has the name.
Result<UniqueFd> open_locked(const std::string& path) {
  for (int turn = 0; turn < kTurns; ++turn) {
    UniqueFd fd(
        ::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0640));
    struct stat own {
    }, named{};
    if (!fd || ::fstat(fd.get(), &own) != 0) return cannot(path, errno);
    if (!S_ISREG(own.st_mode)) return Error{Errc::InvalidInput, path + " is no regular file; remove it"};
    if (::flock(fd.get(), LOCK_EX) != 0) return cannot(path, errno);
    if (::lstat(path.c_str(), &named) == 0 && named.st_ino == own.st_ino && named.st_dev == own.st_dev) {
      return fd;
    }
  }
  return Error{Errc::Unavailable, path + ": others change it all the time"};
}

Result<void> rotate(const std::string& path, int files) {
  for (int i = files - 1; i > 0; --i) {
    const std::string from = numbered(path, i - 1);
    if (::rename(from.c_str(), numbered(path, i).c_str()) != 0 && errno != ENOENT) return cannot(from, errno);
  }
  return sync_directory_of(path);
}

// The line before may have lost its end to a power cut.
bool lacks_newline(int fd, off_t size) {
  char last = '\n';
  return size > 0 && (::pread(fd, &last, 1, size - 1) != 1 || last != '\n');
}

Result<void> write_line(int fd, off_t size, const std::string& line, const std::string& path) {
  const std::string text = (lacks_newline(fd, size) ? "\n" : "") + line + "\n";
  const ssize_t written = ::write(fd, text.data(), text.size());
  const int failure = written < 0 ? errno : ENOSPC;
  if (written != static_cast<ssize_t>(text.size())) {
    (void)!::ftruncate(fd, size);
    return cannot(path, failure);
  }
  if (::fsync(fd) != 0) return cannot(path, errno);
  return {};
}

// The exit status of the child that is waited for, or -1 if it is not there in time. One that hangs in the
// kernel cannot be waited for; it is left to itself.
int status_within(pid_t pid, std::chrono::milliseconds limit) {
  const UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  pollfd wait{pidfd.get(), POLLIN, 0};
  const bool ended = pidfd.valid() && ::poll(&wait, 1, static_cast<int>(limit.count())) == 1;
  if (!ended) ::kill(pid, SIGKILL);
  int status = 0;
  if (::waitpid(pid, &status, ended ? 0 : WNOHANG) != pid || !WIFEXITED(status)) return -1;
  return WEXITSTATUS(status);
}

void keep_last(std::vector<AuditEntry>& entries, std::size_t most) {
  if (entries.size() <= most) return;
  entries.erase(entries.begin(), entries.end() - static_cast<std::ptrdiff_t>(most));
}

}  // namespace

std::string audit_file_of(const std::string& directory, const AuditEntry& entry) {
  const bool operators = entry.role == to_string(Role::Operator) && entry.event != "refused";
  return directory + "/" + std::string(operators ? kAuditFile : kObserversAuditFile);
}

Result<void> append_audit(const std::string& path, const std::string& line, const AuditBounds& bounds) {
  auto fd = open_locked(path);
  if (!fd) return fd.error();
  struct stat status {};
  if (::fstat(fd->get(), &status) != 0) return cannot(path, errno);
  const bool full = status.st_size > 0 &&
                    static_cast<std::size_t>(status.st_size) + line.size() > bounds.octets;
  if (full) {
    if (auto rotated = rotate(path, bounds.files); !rotated) return rotated;
    auto next = open_locked(path);
    if (!next) return next.error();
    fd = std::move(next);
    if (::fstat(fd->get(), &status) != 0) return cannot(path, errno);
  }
  if (status.st_size == 0) {
    if (::fchmod(fd->get(), 0640) != 0) return cannot(path, errno);
    if (auto synced = sync_directory_of(path); !synced) return synced;
  }
  return write_line(fd->get(), status.st_size, line, path);
}

Result<void> append_audit_within(const std::string& path, const std::string& line,
                                 std::chrono::milliseconds limit, const AuditBounds& bounds) {
  int words[2];
  if (::pipe2(words, O_CLOEXEC) != 0) return system_error("pipe");
  const UniqueFd from(words[0]);
  UniqueFd to(words[1]);
  const pid_t pid = ::fork();
  if (pid < 0) return system_error("fork");
  if (pid == 0) {
    const auto done = append_audit(path, line, bounds);
    if (!done) (void)!::write(to.get(), done.error().message.data(), done.error().message.size());
    ::_exit(done ? 0 : 1);
  }
  to.reset();
  const int status = status_within(pid, limit);
  if (status == 0) return {};
  if (status < 0) return Error{Errc::Timeout, path + ": the disk does not answer"};
  std::string why(1024, '\0');
  const ssize_t size = ::read(from.get(), why.data(), why.size());
  why.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
  return Error{Errc::System, why};
}

Result<AuditTrail> read_audit(const std::string& path, std::size_t most, const AuditBounds& bounds) {
  AuditTrail trail;
  for (int i = bounds.files - 1; i >= 0; --i) {
    const auto text = read_regular_file(numbered(path, i), 2 * bounds.octets);
    if (!text && text.error().code == Errc::Unavailable) continue;
    if (!text) return text.error();
    std::string_view rest = *text;
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find('\n'), rest.size());
      if (auto entry = audit_entry_from_json(rest.substr(0, end))) {
        trail.entries.push_back(std::move(*entry));
      } else {
        ++trail.damaged;
      }
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  keep_last(trail.entries, most);
  return trail;
}

Result<AuditTrail> read_audit_logs(const std::string& directory, std::size_t most,
                                   const AuditBounds& bounds) {
  AuditTrail both;
  for (const std::string_view name : {kAuditFile, kObserversAuditFile}) {
    const auto one = read_audit(directory + "/" + std::string(name), most, bounds);
    if (!one) return one.error();
    both.entries.insert(both.entries.end(), one->entries.begin(), one->entries.end());
    both.damaged += one->damaged;
  }
  // Not merged: one time of a clock that was wrong would move all that was written after it.
  std::ranges::stable_sort(both.entries, {}, &AuditEntry::time_ms);
  keep_last(both.entries, most);
  return both;
}

}  // namespace imrs::remote

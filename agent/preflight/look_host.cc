// Asks the kernel about the machine. Called by checks.cc, as root if it is to be complete.
#include "agent/preflight/look_host.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <linux/magic.h>
#include <linux/seccomp.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/timex.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <optional>

#include "agent/base/unique_fd.h"

namespace imrs::preflight {
namespace {

// "MemTotal:       16310004 kB" in octets.
std::optional<std::uint64_t> kilobytes(std::string_view text, std::string_view name) {
  std::size_t at = text.starts_with(name) ? 0 : text.find("\n" + std::string(name));
  if (at == std::string_view::npos) return {};
  at = text.find_first_of("0123456789\n", text.find(':', at));
  if (at == std::string_view::npos) return {};
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data() + at, text.data() + text.size(), value);
  if (error != std::errc()) return {};
  return value << 10;
}

bool is_there(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

// The directory itself, or the nearest above it.
std::string nearest(std::string path) {
  while (!is_there(path) && path.size() > 1) {
    const std::size_t slash = path.rfind('/');
    if (slash == std::string::npos) return ".";
    path.resize(slash == 0 ? 1 : slash);
  }
  return path;
}

bool is_in_memory(const std::string& path) {
  struct statfs status {};
  if (::statfs(path.c_str(), &status) != 0) return false;
  return status.f_type == TMPFS_MAGIC || status.f_type == RAMFS_MAGIC;
}

// Unlinked at once, so that nothing is left whatever happens.
std::string try_to_write(const std::string& directory) {
  std::string name = directory + "/preflight.XXXXXX";
  const UniqueFd fd(::mkostemp(name.data(), O_CLOEXEC));
  if (!fd) return system_error("a file cannot be made").message;
  ::unlink(name.c_str());
  const std::array<char, 4096> content{};
  if (::write(fd.get(), content.data(), content.size()) != static_cast<ssize_t>(content.size())) {
    return system_error("a file cannot be written").message;
  }
  if (::fsync(fd.get()) != 0) return system_error("a file cannot be synced").message;
  return "";
}

std::string tun_error() {
  struct stat status {};
  if (::stat("/dev/net/tun", &status) != 0) return system_error("/dev/net/tun").message;
  if (!S_ISCHR(status.st_mode) || major(status.st_rdev) != 10) return "/dev/net/tun is not that device";
  const UniqueFd fd(::open("/dev/net/tun", O_RDWR | O_CLOEXEC));
  if (!fd) return system_error("/dev/net/tun").message;  // also if the module cannot be loaded
  return "";
}

int landlock_version() {
  const long version = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  return version > 0 ? static_cast<int>(version) : 0;
}

bool has_seccomp() {
  constexpr std::uint32_t action = SECCOMP_RET_KILL_PROCESS;
  return ::syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

}  // namespace

Result<ClockFacts> look_at_clock() {
  timex state{};
  const int outcome = ::adjtimex(&state);
  if (outcome < 0) return system_error("adjtimex");
  const bool nanoseconds = (state.status & STA_NANO) != 0;
  return ClockFacts{.synchronised = outcome != TIME_ERROR && (state.status & STA_UNSYNC) == 0,
                    .offset_us = nanoseconds ? state.offset / 1000 : state.offset,
                    .max_error_us = state.maxerror};
}

Result<MemoryFacts> memory_of(std::string_view text) {
  const auto total = kilobytes(text, "MemTotal:"), available = kilobytes(text, "MemAvailable:");
  if (!total || !available) return Error{Errc::InvalidInput, "/proc/meminfo does not say how much there is"};
  return MemoryFacts{
      .total = *total, .available = *available, .swap = kilobytes(text, "SwapTotal:").value_or(0)};
}

Result<DiskFacts> look_at_disk(const std::string& directory) {
  if (directory.empty()) return Error{Errc::InvalidInput, "no \"state_directory\" is configured"};
  DiskFacts facts;
  facts.directory = directory;
  facts.there = is_there(directory);
  const std::string place = nearest(directory);
  struct statvfs status {};
  if (::statvfs(place.c_str(), &status) != 0) return system_error(place);
  facts.total = std::uint64_t{status.f_blocks} * status.f_frsize;
  facts.available = std::uint64_t{status.f_bavail} * status.f_frsize;
  facts.total_files = status.f_files;
  facts.available_files = status.f_favail;
  facts.in_memory = is_in_memory(place);
  facts.read_only = (status.f_flag & ST_RDONLY) != 0;
  if (facts.there && !facts.read_only) facts.write_error = try_to_write(place);
  return facts;
}

std::string kernel_release() {
  utsname name{};
  return ::uname(&name) == 0 ? name.release : "";
}

KernelFeatures look_at_kernel() {
  return {.tun = tun_error(), .landlock = landlock_version(), .seccomp = has_seccomp()};
}

std::uint32_t processors() {
  const long count = ::sysconf(_SC_NPROCESSORS_ONLN);
  return count > 0 ? static_cast<std::uint32_t>(count) : 0;
}

}  // namespace imrs::preflight

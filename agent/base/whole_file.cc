// Writes files. Called by whoever keeps something: images, zones, orders. A reader, or a crash, must never
// see half of one.
#include "agent/base/whole_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>

#include "agent/base/directory.h"
#include "agent/base/unique_fd.h"

namespace imrs {
namespace {

// A new file beside `path`, unlinked again unless it was kept.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& path) : name_(path + std::string(kFreshMark) + "XXXXXX") {
    fd_.reset(::mkostemp(name_.data(), O_CLOEXEC));
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() {
    if (fd_ && !kept_) ::unlink(name_.c_str());
  }

  [[nodiscard]] int fd() const { return fd_.get(); }

  Result<void> rename_to(const std::string& path) {
    if (::rename(name_.c_str(), path.c_str()) != 0) return system_error("rename to " + path);
    kept_ = true;
    return {};
  }

 private:
  std::string name_;
  UniqueFd fd_;
  bool kept_ = false;
};

Result<void> write_all(int fd, std::span<const std::uint8_t> content, const std::string& path) {
  while (!content.empty()) {
    const ssize_t n = ::write(fd, content.data(), content.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return system_error("write " + path);
    content = content.subspan(static_cast<std::size_t>(n));
  }
  return {};
}

mode_t wanted_mode() {
  const mode_t mask = ::umask(0);
  ::umask(mask);
  return 0666 & ~mask & 0644;
}

}  // namespace

std::string previous_of(const std::string& path) { return path + ".previous"; }

Result<void> sync_directory_of(const std::string& path) {
  const std::string directory = directory_of(path);
  const UniqueFd fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd || ::fsync(fd.get()) != 0) return system_error("fsync " + directory);
  return {};
}

Result<void> write_whole(const std::string& path, std::span<const std::uint8_t> content) {
  TemporaryFile file(path);
  if (file.fd() < 0) return system_error("create a temporary file for " + path);
  if (auto written = write_all(file.fd(), content, path); !written) return written;
  if (::fchmod(file.fd(), wanted_mode()) != 0) return system_error("fchmod " + path);
  if (::fsync(file.fd()) != 0) return system_error("fsync " + path);
  if (auto renamed = file.rename_to(path); !renamed) return renamed;
  return sync_directory_of(path);
}

Result<void> save_generation(const std::string& path, std::span<const std::uint8_t> content) {
  const std::string fresh = path + ".new", before = path + ".before";
  if (auto written = write_whole(fresh, content); !written) return written;
  if (::rename(path.c_str(), before.c_str()) != 0 && errno != ENOENT) {
    return system_error("rename to " + before);
  }
  if (::rename(fresh.c_str(), path.c_str()) != 0) return system_error("rename to " + path);
  return sync_directory_of(path);
}

}  // namespace imrs

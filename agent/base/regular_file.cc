// Called by the agent at its start, as root, and by imrs-zone for what it has stored.
#include "agent/base/regular_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace imrs {

Result<UniqueFd> open_regular_file(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!fd && errno == ENOENT) return Error{Errc::Unavailable, path + " is not there"};
  struct stat status {};
  if (!fd || ::fstat(fd.get(), &status) != 0) return system_error(path);
  if (!S_ISREG(status.st_mode)) return Error{Errc::InvalidInput, path + " is no regular file"};
  return fd;
}

Result<std::string> read_regular_file(const std::string& path, std::size_t most) {
  const auto file = open_regular_file(path);
  if (!file) return file.error();
  return read_regular_file(*file, path, most);
}

Result<std::string> read_regular_file(const UniqueFd& file, const std::string& path, std::size_t most) {
  std::string content;
  std::array<char, 65536> piece;
  for (;;) {
    const ssize_t n = ::read(file.get(), piece.data(), piece.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return system_error(path);
    if (n == 0) return content;
    content.append(piece.data(), static_cast<std::size_t>(n));
    if (content.size() > most) return Error{Errc::InvalidInput, path + " is too large"};
  }
}

}  // namespace imrs

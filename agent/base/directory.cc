// Called by whoever replaces files, imrsctl above all.
#include "agent/base/directory.h"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>

namespace imrs {

std::string directory_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

Result<UniqueFd> lock_directory(const std::string& directory, bool shared) {
  UniqueFd fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return system_error(directory);
  if (::flock(fd.get(), (shared ? LOCK_SH : LOCK_EX) | LOCK_NB) == 0) return fd;
  if (errno != EWOULDBLOCK) return system_error("lock " + directory);
  return Error{Errc::Unavailable, directory + ": somebody else is changing it; try again in a moment"};
}

}  // namespace imrs

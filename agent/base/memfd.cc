// Makes, seals, checks and maps memory files. Called by every program; it never trusts a descriptor
// that came from another process before it has looked at its seals.
#include "agent/base/memfd.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#include <cerrno>
#include <utility>

namespace imrs {
namespace {

constexpr int kReadOnlySeals = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
constexpr int kSharedSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;

Result<std::size_t> sealed_size(int fd, int required) {
  const int seals = ::fcntl(fd, F_GET_SEALS);
  if (seals < 0) return system_error("descriptor is not a memfd (F_GET_SEALS)");
  if ((seals & required) != required) {
    return Error{Errc::Refused, "memfd lacks the seals that keep others from changing it"};
  }
  struct stat status {};
  if (::fstat(fd, &status) != 0) return system_error("fstat of a memfd");
  return static_cast<std::size_t>(status.st_size);
}

Result<void> check_shared(int fd, std::size_t size) {
  auto actual = sealed_size(fd, kSharedSeals);
  if (!actual) return actual.error();
  if (*actual != size) return Error{Errc::Refused, "counter memfd has another size than expected"};
  return {};
}

Result<Mapping> map(int fd, std::size_t size, int protection, int flags) {
  if (size == 0) return Error{Errc::Refused, "memfd is empty"};
  void* address = ::mmap(nullptr, size, protection, flags, fd, 0);
  if (address == MAP_FAILED) return system_error("mmap of a memfd");
  return Mapping(address, size);
}

Result<void> write_all(int fd, std::span<const std::uint8_t> content) {
  std::size_t done = 0;
  while (done < content.size()) {
    const ssize_t n = ::write(fd, content.data() + done, content.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return system_error("write to a memfd");
    done += static_cast<std::size_t>(n);
  }
  return {};
}

}  // namespace

Mapping::Mapping(Mapping&& other) noexcept
    : address_(std::exchange(other.address_, nullptr)), size_(std::exchange(other.size_, 0)) {}

Mapping& Mapping::operator=(Mapping&& other) noexcept {
  std::swap(address_, other.address_);
  std::swap(size_, other.size_);
  return *this;
}

Mapping::~Mapping() {
  if (address_ != nullptr) ::munmap(address_, size_);
}

Result<UniqueFd> make_sealed_memfd(const std::string& name, std::span<const std::uint8_t> content) {
  UniqueFd fd(::memfd_create(name.c_str(), MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!fd) return system_error("memfd_create " + name);
  if (auto written = write_all(fd.get(), content); !written) return written.error().within(name);
  if (::fcntl(fd.get(), F_ADD_SEALS, kReadOnlySeals) != 0) return system_error("seal " + name);
  return fd;
}

Result<UniqueFd> copy_to_sealed_memfd(const std::string& name, int file, std::size_t most) {
  UniqueFd fd(::memfd_create(name.c_str(), MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!fd) return system_error("memfd_create " + name);
  std::size_t copied = 0;
  for (;;) {
    const ssize_t n = ::sendfile(fd.get(), file, nullptr, most + 1 - copied);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return system_error("read");
    if (n == 0) break;
    copied += static_cast<std::size_t>(n);
    if (copied > most) return Error{Errc::Refused, "over " + std::to_string(most >> 20) + " MiB"};
  }
  if (::fcntl(fd.get(), F_ADD_SEALS, kReadOnlySeals) != 0) return system_error("seal " + name);
  return fd;
}

Result<Mapping> map_sealed(int fd) {
  auto size = sealed_size(fd, kReadOnlySeals);
  if (!size) return size.error();
  return map(fd, *size, PROT_READ, MAP_PRIVATE);
}

Result<UniqueFd> make_shared_memfd(const std::string& name, std::size_t size) {
  UniqueFd fd(::memfd_create(name.c_str(), MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!fd) return system_error("memfd_create " + name);
  if (::ftruncate(fd.get(), static_cast<off_t>(size)) != 0) return system_error("size " + name);
  if (::fcntl(fd.get(), F_ADD_SEALS, kSharedSeals) != 0) return system_error("seal " + name);
  if (::fchmod(fd.get(), 0600) != 0) return system_error("mode of " + name);  // see read_only_of()
  return fd;
}

Result<UniqueFd> read_only_of(int fd) {
  UniqueFd reader(::open(("/proc/self/fd/" + std::to_string(fd)).c_str(), O_RDONLY | O_CLOEXEC));
  if (!reader) return system_error("open a memfd for reading");
  return reader;
}

Result<Mapping> map_shared(int fd, std::size_t size, bool writable) {
  if (auto right = check_shared(fd, size); !right) return right.error();
  return map(fd, size, writable ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED);
}

Result<Mapping> map_shared_part(int fd, std::size_t size, std::size_t part) {
  if (auto right = check_shared(fd, size); !right) return right.error();
  return map(fd, part, PROT_READ, MAP_SHARED);
}

}  // namespace imrs

// agent/base/memfd.h
// Sealed memory files: how images, settings and counter pages travel between the programs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "agent/base/result.h"
#include "agent/base/unique_fd.h"

namespace imrs {

// A read-only mapping of memory, unmapped when destroyed. Move-only.
class Mapping {
 public:
  Mapping() = default;
  Mapping(void* address, std::size_t size) noexcept : address_(address), size_(size) {}
  Mapping(Mapping&& other) noexcept;
  Mapping& operator=(Mapping&& other) noexcept;
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  ~Mapping();

  [[nodiscard]] std::span<const std::uint8_t> bytes() const noexcept {
    return {static_cast<const std::uint8_t*>(address_), size_};
  }
  [[nodiscard]] void* address() const noexcept { return address_; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }

 private:
  void* address_ = nullptr;
  std::size_t size_ = 0;
};

// A memfd holding `content`, sealed with WRITE, SHRINK, GROW and SEAL: nobody can change it.
// `name` shows in /proc/PID/maps as /memfd:name.
[[nodiscard]] Result<UniqueFd> make_sealed_memfd(const std::string& name,
                                                 std::span<const std::uint8_t> content);

// The same from a file, by the kernel's hand. Refused if it holds more than `most` bytes; errors do not name
// it.
[[nodiscard]] Result<UniqueFd> copy_to_sealed_memfd(const std::string& name, int file, std::size_t most);

// Maps a received memfd MAP_PRIVATE, PROT_READ. Refused unless all four seals are set, so that no
// other process can change or truncate what is mapped.
[[nodiscard]] Result<Mapping> map_sealed(int fd);

// A zeroed memfd of `size` bytes that can be written but neither shrink nor grow (the counter pages).
[[nodiscard]] Result<UniqueFd> make_shared_memfd(const std::string& name, std::size_t size);

// Another descriptor of it that nobody can make a writable mapping of, whoever it is given to.
[[nodiscard]] Result<UniqueFd> read_only_of(int fd);

// Maps such a memfd MAP_SHARED. Refused unless it is exactly `size` bytes and sealed against
// shrinking and growing. `writable` adds PROT_WRITE.
[[nodiscard]] Result<Mapping> map_shared(int fd, std::size_t size, bool writable);

// The first `part` bytes of such a memfd of `size`, to be read only.
[[nodiscard]] Result<Mapping> map_shared_part(int fd, std::size_t size, std::size_t part);

}  // namespace imrs

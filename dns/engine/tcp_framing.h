// dns/engine/tcp_framing.h
// Messages out of a TCP byte stream (RFC 1035 section 4.2.2: two octets of length before each). Pure:
// octets in, in any cuts; whole messages out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace imrs::engine {

class TcpFraming {
 public:
  // The longest query that is read; a longer one ends the connection (a query for these zones with all
  // options known today is under 600 octets).
  static constexpr std::size_t kMaxQuery = 4096;

  // Room for the next octets from the stream. Never empty after next() has returned everything.
  [[nodiscard]] std::span<std::uint8_t> room();
  void received(std::size_t size) noexcept { end_ += size; }

  // The next whole message, valid until room() is called; empty if none is there yet.
  [[nodiscard]] std::span<const std::uint8_t> next() noexcept;

  // A length that cannot be a query (0 to 11 octets, or over kMaxQuery) was announced: close.
  [[nodiscard]] bool broken() const noexcept { return broken_; }
  [[nodiscard]] bool in_message() const noexcept { return end_ > begin_; }

 private:
  std::vector<std::uint8_t> buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  bool broken_ = false;
};

}  // namespace imrs::engine

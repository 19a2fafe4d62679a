// dns/engine/tcp_framing.h
// Messages out of a TCP byte stream (RFC 1035 section 4.2.2: two octets of length before each). Pure: a
// piece of the stream in; whole messages, and what is left for the next piece, out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace imrs::engine {

class TcpFraming {
 public:
  static constexpr std::size_t kLength = 2;
  // The longest query that is read; a longer one ends the connection (a query for these zones with all
  // options known today is under 600 octets).
  static constexpr std::size_t kMaxQuery = 4096;

  // `stream`: what was left last time, and what has come since. Must outlive this object.
  explicit TcpFraming(std::span<const std::uint8_t> stream) noexcept : stream_(stream) {}

  // The next whole message, a view into the stream; empty if none is there yet.
  [[nodiscard]] std::span<const std::uint8_t> next() noexcept;

  // What has not been given out. Less than kLength + kMaxQuery octets once next() has returned nothing.
  [[nodiscard]] std::span<const std::uint8_t> rest() const noexcept { return stream_; }

  // A length that cannot be a query (0 to 11 octets, or over kMaxQuery) was announced: close.
  [[nodiscard]] bool broken() const noexcept { return broken_; }

 private:
  std::span<const std::uint8_t> stream_;
  bool broken_ = false;
};

}  // namespace imrs::engine

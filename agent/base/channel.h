// agent/base/channel.h
// One end of a SOCK_SEQPACKET socketpair: whole messages, with descriptors where needed. The agent
// holds one end for each child; when the agent goes, the child reads end of file and ends itself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "agent/base/result.h"
#include "agent/base/unique_fd.h"

namespace imrs {

inline constexpr std::size_t kMaxPacket = 160 * 1024;  // bytes in one message
inline constexpr std::size_t kMaxPacketFds = 200;      // descriptors in one message (kernel: 253)

struct Packet {
  std::vector<std::uint8_t> bytes;
  std::vector<UniqueFd> fds;  // close-on-exec; a message with more than kMaxPacketFds is refused

  // The message as the fixed-size structure T, if its type and size say so.
  template <typename T>
  [[nodiscard]] std::optional<T> as() const {
    static_assert(std::is_trivially_copyable_v<T>);
    T message;
    if (bytes.size() != sizeof(T)) return std::nullopt;
    std::memcpy(&message, bytes.data(), sizeof(T));
    if (message.type != T::kType) return std::nullopt;
    return message;
  }

  // The first four bytes, which every message starts with; 0 if there are fewer.
  [[nodiscard]] std::uint32_t type() const;
};

class Channel {
 public:
  Channel() = default;
  explicit Channel(UniqueFd fd) : fd_(std::move(fd)) {}

  // A connected pair, both ends close-on-exec and non-blocking.
  [[nodiscard]] static Result<std::pair<Channel, Channel>> make_pair();

  // Never blocks: Errc::Unavailable when the peer does not read (nothing was sent), Errc::Closed when
  // it has gone.
  [[nodiscard]] Result<void> send(std::span<const std::uint8_t> bytes, std::span<const int> fds = {}) const;

  template <typename T>
  [[nodiscard]] Result<void> send_message(const T& message, std::span<const int> fds = {}) const {
    static_assert(std::is_trivially_copyable_v<T>);
    return send({reinterpret_cast<const std::uint8_t*>(&message), sizeof(T)}, fds);
  }

  // The next message; nothing if there is none now. Errc::Closed at end of file.
  [[nodiscard]] Result<std::optional<Packet>> receive() const;

  // Waits for the next message. timeout_ms < 0: for ever; Errc::Timeout otherwise.
  [[nodiscard]] Result<Packet> wait(int timeout_ms) const;

  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  [[nodiscard]] bool valid() const noexcept { return fd_.valid(); }
  [[nodiscard]] UniqueFd release() noexcept { return std::move(fd_); }
  void close() noexcept { fd_.reset(); }

 private:
  UniqueFd fd_;
};

}  // namespace imrs

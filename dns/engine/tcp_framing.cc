// Cuts a byte stream into messages. Called by TcpServer for every connection.
#include "dns/engine/tcp_framing.h"

#include <algorithm>
#include <cstring>

#include "dns/wire/bytes.h"
#include "dns/wire/protocol.h"

namespace imrs::engine {
namespace {

constexpr std::size_t kLength = 2;

}  // namespace

std::span<std::uint8_t> TcpFraming::room() {
  if (begin_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (buffer_.empty()) buffer_.resize(kLength + kMaxQuery);
  return std::span(buffer_).subspan(end_);
}

std::span<const std::uint8_t> TcpFraming::next() noexcept {
  const std::size_t available = end_ - begin_;
  if (broken_ || available < kLength) return {};
  const std::size_t size = wire::load_u16(buffer_.data() + begin_);
  if (size < wire::kHeaderSize || size > kMaxQuery) {
    broken_ = true;
    return {};
  }
  if (available < kLength + size) return {};
  const std::span<const std::uint8_t> message(buffer_.data() + begin_ + kLength, size);
  begin_ += kLength + size;
  return message;
}

}  // namespace imrs::engine

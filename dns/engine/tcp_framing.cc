// Finds messages. Called by TcpServer for every piece of every connection's stream.
#include "dns/engine/tcp_framing.h"

#include "dns/wire/bytes.h"
#include "dns/wire/protocol.h"

namespace imrs::engine {

std::span<const std::uint8_t> TcpFraming::next() noexcept {
  if (broken_ || stream_.size() < kLength) return {};
  const std::size_t size = wire::load_u16(stream_.data());
  if (size < wire::kHeaderSize || size > kMaxQuery) {
    broken_ = true;
    return {};
  }
  if (stream_.size() < kLength + size) return {};
  const auto message = stream_.subspan(kLength, size);
  stream_ = stream_.subspan(kLength + size);
  return message;
}

}  // namespace imrs::engine

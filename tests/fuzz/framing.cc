// A TCP stream in two ways of cutting gives the same messages, none of them shorter than a header or longer
// than the limit. First octet: how many octets arrive at a time; the rest is the stream.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "dns/engine/tcp_framing.h"
#include "dns/wire/protocol.h"
#include "tests/fuzz/expect.h"

namespace {

using namespace imrs;
using Octets = std::vector<std::uint8_t>;

std::vector<Octets> messages(std::span<const std::uint8_t> stream, std::size_t part) {
  engine::TcpFraming framing;
  std::vector<Octets> out;
  while (!stream.empty() && !framing.broken()) {
    const auto room = framing.room();
    fuzz::expect(!room.empty(), "room after everything was taken out");
    const std::size_t now = std::min({part, room.size(), stream.size()});
    std::memcpy(room.data(), stream.data(), now);
    framing.received(now);
    stream = stream.subspan(now);
    for (auto next = framing.next(); !next.empty(); next = framing.next()) {
      out.emplace_back(next.begin(), next.end());
    }
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::span<const std::uint8_t> stream(data + 1, size - 1);
  const auto whole = messages(stream, stream.size());
  fuzz::expect(whole == messages(stream, std::size_t{data[0]} + 1), "the cuts do not matter");
  for (const Octets& message : whole) {
    fuzz::expect(message.size() >= wire::kHeaderSize, "no message shorter than a header");
    fuzz::expect(message.size() <= engine::TcpFraming::kMaxQuery, "none over the limit");
  }
  return 0;
}

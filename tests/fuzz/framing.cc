// A TCP stream in two ways of cutting gives the same messages, none of them shorter than a header or longer
// than the limit. First octet: how many octets arrive at a time; the rest is the stream.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "dns/engine/tcp_framing.h"
#include "dns/wire/protocol.h"
#include "tests/fuzz/expect.h"

namespace {

using namespace imrs;
using Octets = std::vector<std::uint8_t>;

std::vector<Octets> messages(std::span<const std::uint8_t> stream, std::size_t part) {
  std::vector<Octets> out;
  Octets waiting;
  for (bool broken = false; !stream.empty() && !broken;) {
    const std::size_t now = std::min(part, stream.size());
    waiting.insert(waiting.end(), stream.begin(), stream.begin() + static_cast<std::ptrdiff_t>(now));
    stream = stream.subspan(now);
    engine::TcpFraming framing(waiting);
    for (auto next = framing.next(); !next.empty(); next = framing.next()) {
      out.emplace_back(next.begin(), next.end());
    }
    broken = framing.broken();
    const Octets rest(framing.rest().begin(), framing.rest().end());
    waiting = rest;
    fuzz::expect(broken || rest.size() < engine::TcpFraming::kLength + engine::TcpFraming::kMaxQuery,
                 "little is left over");
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

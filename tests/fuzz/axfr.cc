// Any octets as the stream of a zone transfer: however it is cut, the outcome is the same. The first octet
// says where it is cut.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "dns/transfer/axfr.h"
#include "tests/fuzz/expect.h"

namespace {

using namespace imrs::transfer;

constexpr std::uint16_t kId = 0x4711;

// How many names the zone has; -1: there is none.
long read(std::span<const std::uint8_t> stream, std::size_t piece) {
  AxfrReader reader(imrs::wire::Name::parse("example.").value(), kId, 1 << 20);
  for (std::size_t at = 0; at < stream.size(); at += piece) {
    if (!reader.feed(stream.subspan(at, std::min(piece, stream.size() - at)))) return -1;
  }
  const auto zone = std::move(reader).finish();
  return zone ? static_cast<long>(zone->nodes.size()) : -1;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::span<const std::uint8_t> stream(data + 1, size - 1);
  const std::size_t piece = data[0] + std::size_t{1};
  imrs::fuzz::expect(read(stream, piece) == read(stream, size), "the cuts make no difference");
  return 0;
}

// Any octets as the stream of an incremental transfer: however it is cut, the outcome is the same, and what
// it makes of a zone is the same or refused. The first octet says where it is cut.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "dns/transfer/ixfr.h"
#include "dns/wire/protocol.h"
#include "dns/zone/changes.h"
#include "dns/zone/parse.h"
#include "tests/dns/transfer/messages.h"
#include "tests/fuzz/expect.h"

namespace {

using namespace imrs;
using namespace imrs::transfer;

zone::Zone first_version() {
  zone::ZoneBuilder builder(test::name("example."));
  const auto add = [&](const char* owner, std::uint16_t type, std::span<const std::uint8_t> rdata) {
    fuzz::expect(builder.add(test::name(owner), type, 3600, rdata).ok(), "the zone is right");
  };
  add("example.", wire::rrtype::SOA, test::soa_rdata(1));
  add("example.", wire::rrtype::NS, test::name("ns.example.").wire());
  add("x.example.", wire::rrtype::A, test::Octets{192, 0, 2, 1});
  return std::move(builder).finish().value();
}

std::optional<IxfrResponse> read(std::span<const std::uint8_t> stream, std::size_t piece) {
  IxfrReader reader(test::name("example."), test::kId, test::soa_rdata(1), 1 << 20);
  for (std::size_t at = 0; at < stream.size(); at += piece) {
    if (!reader.feed(stream.subspan(at, std::min(piece, stream.size() - at)))) return std::nullopt;
  }
  auto response = std::move(reader).finish();
  return response ? std::optional(std::move(*response)) : std::nullopt;
}

// How many names the next version has; 0: there is none.
std::size_t names_after(const std::optional<IxfrResponse>& response) {
  if (!response) return 0;
  if (const auto* zone = std::get_if<zone::Zone>(&*response)) return zone->nodes.size();
  const auto* differences = std::get_if<Differences>(&*response);
  if (differences == nullptr) return 0;
  const auto next = zone::apply_changes(first_version(), *differences);
  if (!next) return 0;
  for (const auto& [owner, node] : next->nodes) fuzz::expect(!node.empty(), "no name without records");
  return next->nodes.size();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::span<const std::uint8_t> stream(data + 1, size - 1);
  const auto in_pieces = read(stream, data[0] + std::size_t{1}), at_once = read(stream, size);
  fuzz::expect(in_pieces.has_value() == at_once.has_value(), "the cuts make no difference");
  fuzz::expect(names_after(in_pieces) == names_after(at_once), "the cuts make no difference");
  return 0;
}

// Canonical forms. Called by the parser (order of rdata), the verifier and the ZONEMD digest. It must
// treat every type it does not know as opaque octets.
#include "dns/zone/canonical.h"

#include <algorithm>
#include <optional>

#include "dns/wire/bytes.h"
#include "dns/wire/protocol.h"
#include "dns/wire/rdata_names.h"

namespace imrs::zone {
namespace {

std::optional<std::size_t> fixed_size(std::uint16_t type) {
  if (type == wire::rrtype::A) return 4;
  if (type == wire::rrtype::AAAA) return 16;
  return std::nullopt;
}

// End of the uncompressed name that starts at `pos`; nothing if it is broken.
std::optional<std::size_t> name_end(std::span<const std::uint8_t> rdata, std::size_t pos) {
  if (pos > rdata.size()) return std::nullopt;
  const auto name = wire::Name::from_wire(rdata.subspan(pos));
  if (!name) return std::nullopt;
  return pos + name->size();
}

}  // namespace

Rdata canonical_rdata(std::uint16_t type, const Rdata& rdata) {
  if (!well_formed(type, rdata)) return rdata;
  const wire::RdataNames layout = wire::rdata_names(type);
  Rdata out(rdata);
  std::size_t pos = layout.before;
  for (std::size_t i = 0; i < layout.names; ++i) {
    const std::size_t end = *name_end(rdata, pos);
    std::transform(out.begin() + static_cast<std::ptrdiff_t>(pos),
                   out.begin() + static_cast<std::ptrdiff_t>(end),
                   out.begin() + static_cast<std::ptrdiff_t>(pos), wire::to_lower);
    pos = end;
  }
  return out;
}

bool well_formed(std::uint16_t type, std::span<const std::uint8_t> rdata) {
  if (const auto size = fixed_size(type)) return rdata.size() == *size;
  if (type == wire::rrtype::NSEC) return name_end(rdata, 0).has_value();
  const wire::RdataNames layout = wire::rdata_names(type);
  std::optional<std::size_t> pos = layout.before;
  for (std::size_t i = 0; i < layout.names && pos; ++i) pos = name_end(rdata, *pos);
  return pos && (!layout.after || rdata.size() - *pos == *layout.after);
}

void append_canonical_rr(std::vector<std::uint8_t>& out, const wire::Name& owner, std::uint16_t type,
                         std::uint32_t ttl, const Rdata& canonical) {
  wire::ByteWriter writer(out);
  for (const std::uint8_t octet : owner.wire()) writer.u8(wire::to_lower(octet));
  writer.u16(type);
  writer.u16(wire::rrclass::IN);
  writer.u32(ttl);
  writer.u16(static_cast<std::uint16_t>(canonical.size()));
  writer.put(canonical);
}

}  // namespace imrs::zone

// dns/wire/rdata_names.h
// Where domain names stand in the rdata of the types that this project looks into, and what may be done to
// them. One table for the canonical form, for reading transfers and for writing answers. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "dns/wire/protocol.h"

namespace imrs::wire {

enum class Compression : std::uint8_t {
  Never,
  Read,   // RFC 3597 section 4: others did it once, so it is understood
  Write,  // RFC 1035: understood and done
};

// Octets before the names, how many names, octets after them.
struct RdataNames {
  std::size_t before = 0;
  std::size_t names = 0;
  std::optional<std::size_t> after;  // nothing: any number
  Compression compression = Compression::Never;
};

// The types of RFC 4034 section 6.2 whose names count in lower case (as corrected by RFC 6840 section 5.1:
// not NSEC). Any other type: no names, any octets.
[[nodiscard]] constexpr RdataNames rdata_names(std::uint16_t type) noexcept {
  using namespace rrtype;
  switch (type) {
    case NS:
    case CNAME:
    case PTR: return {0, 1, 0, Compression::Write};
    case SOA: return {0, 2, 20, Compression::Write};
    case MX: return {2, 1, 0, Compression::Write};
    case SRV: return {6, 1, 0, Compression::Read};
    case DNAME: return {0, 1, 0, Compression::Never};
    case RRSIG: return {18, 1, std::nullopt, Compression::Never};
    default: return {};
  }
}

}  // namespace imrs::wire

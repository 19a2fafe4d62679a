// dns/zone/zone.h
// One zone in memory, as it was read and before anybody trusts it: owner names in canonical order,
// RRsets with uncompressed wire rdata, each with the RRSIGs that cover it. A value; no I/O.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "dns/wire/name.h"

namespace imrs::zone {

using Rdata = std::vector<std::uint8_t>;  // uncompressed wire form, letters as in the source

struct RRset {
  std::uint32_t ttl = 0;            // seconds
  std::vector<Rdata> rdata;         // canonical order (RFC 4034 section 6.3), no duplicates; may be
                                    // empty where only signatures were found (an error: verify)
  std::uint32_t signature_ttl = 0;  // of the RRSIGs
  std::vector<Rdata> signatures;    // RRSIG rdata that covers this type
};

// By type; RRSIGs are not a type here but in `signatures` of what they cover.
using Node = std::map<std::uint16_t, RRset>;

struct Zone {
  wire::Name origin;
  // Canonical order. Holds the names that own records: no empty non-terminals.
  std::map<wire::Name, Node> nodes;
};

}  // namespace imrs::zone

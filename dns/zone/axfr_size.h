// dns/zone/axfr_size.h
// How large a zone is on the wire, as RSSAC002's zone-size wants it. Pure.
#pragma once

#include <cstdint>

#include "dns/zone/zone.h"

namespace imrs::zone {

// The octets of the DNS messages of an AXFR (RFC 5936) of the zone, its SOA at both ends: each message as
// full as it can be, names compressed where RFC 3597 section 4 allows it, without the lengths before messages
// by TCP.
[[nodiscard]] std::uint64_t axfr_size(const Zone& zone);

}  // namespace imrs::zone

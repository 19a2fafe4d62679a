// dns/pipeline/identity_zone.h
// The zone by which a client finds out which node answers it, without a query for NSID or CHAOS: as L-root's
// IDENTITY.L.ROOT-SERVERS.ORG (RFC 7108). Each instance makes its own; nothing is signed, nothing
// transferred.
#pragma once

#include "agent/base/result.h"
#include "agent/config/config.h"
#include "dns/zone/zone.h"

namespace imrs::pipeline {

// Its apex has an SOA, one NS, an A of this very node, and a TXT of the node's name and its place. Every TTL
// is 0, so that no resolver keeps one node's answer for another's. The serial is always 1. Refuses texts that
// do not fit (more than 255 octets) and names that are none.
[[nodiscard]] Result<zone::Zone> identity_zone(const wire::Name& origin, const IdentityZoneConfig& config);

}  // namespace imrs::pipeline

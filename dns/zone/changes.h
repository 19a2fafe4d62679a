// dns/zone/changes.h
// From one version of a zone to the next by differences (RFC 1995). Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "agent/base/result.h"
#include "dns/zone/record_memory.h"
#include "dns/zone/zone.h"

namespace imrs::zone {

struct ZoneRecord {
  wire::Name owner;
  std::uint16_t type = 0;
  std::uint32_t ttl = 0;  // seconds
  Rdata rdata;            // uncompressed wire form
};

// One step: the SOA that goes and the SOA that comes are among the records.
struct Change {
  std::vector<ZoneRecord> removed, added;
};

// `zone` after all steps, in order; not trusted more than its differences are: verify() decides. Nothing is
// guessed: Errc::Refused if a record is to go that is not there with this TTL, or to come that is; else the
// errors of ZoneBuilder. `most_memory`: ZoneBuilder's.
[[nodiscard]] Result<Zone> apply_changes(Zone zone, std::span<const Change> changes,
                                         std::size_t most_memory = kMaxRecordMemory);

}  // namespace imrs::zone

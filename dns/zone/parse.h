// dns/zone/parse.h
// Zone text (by ldns) or records in wire form (from a transfer) into a Zone. Nothing is trusted yet.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include "agent/base/result.h"
#include "dns/zone/record_memory.h"
#include "dns/zone/zone.h"

namespace imrs::zone {

// Reads a zone file (RFC 1035 section 5, by ldns). Refuses: unreadable, syntax error (names the
// line), class other than IN, records outside `origin`, no SOA or more than one at the apex, SOA
// elsewhere, differing TTLs within an RRset, an RRset too large for a DNS message, more records than fit
// kMaxRecordMemory.
[[nodiscard]] Result<Zone> parse_file(const std::string& path, const wire::Name& origin);

// Collects records one by one (a transfer, a text reader) and makes the same checks at the end.
class ZoneBuilder {
 public:
  // `most_memory`: octets, as RecordMemory counts them.
  explicit ZoneBuilder(wire::Name origin, std::size_t most_memory = kMaxRecordMemory);
  // Goes on with these records, which count.
  explicit ZoneBuilder(Zone zone, std::size_t most_memory = kMaxRecordMemory);
  // `rdata` is uncompressed wire form. A duplicate of a record already there is ignored (RFC 2181
  // section 5.2), but counts: it takes work.
  [[nodiscard]] Result<void> add(const wire::Name& owner, std::uint16_t type, std::uint32_t ttl,
                                 std::span<const std::uint8_t> rdata);
  // The same; false for a duplicate.
  [[nodiscard]] Result<bool> add_new(const wire::Name& owner, std::uint16_t type, std::uint32_t ttl,
                                     std::span<const std::uint8_t> rdata);
  // False, and nothing done, if there is no such record with this TTL.
  [[nodiscard]] bool remove(const wire::Name& owner, std::uint16_t type, std::uint32_t ttl,
                            std::span<const std::uint8_t> rdata);
  [[nodiscard]] Result<Zone> finish() &&;

 private:
  Zone zone_;
  RecordMemory memory_;
};

}  // namespace imrs::zone

// dns/audit/expectation.h
// What the answer to a question must consist of, by the RFCs and the zone's records.
#pragma once

#include <cstdint>
#include <vector>

#include "dns/audit/reference.h"
#include "dns/wire/name.h"

namespace imrs::audit {

// A record and the TTL it must have in this answer.
struct Item {
  Index record = 0;
  std::uint32_t ttl = 0;
};

// What the NSEC records of the answer have to prove (RFC 4035 section 3.1.3).
struct Statement {
  enum class What : std::uint8_t {
    NoSuchType,        // the name's own NSEC lacks the type
    EmptyNonTerminal,  // the name owns nothing: an NSEC covers it, and the next name lies below it
    NoSuchName,        // an NSEC covers it, and nothing lies below it
  };
  What what = What::NoSuchName;
  wire::Name name;
  std::uint16_t type = 0;
};

struct Expectation {
  std::uint16_t flags = 0;  // AA and rcode
  std::vector<Item> answer, authority;
  std::vector<Item> glue;      // additional section: must be there or TC is set (RFC 9471)
  std::vector<Item> courtesy;  // additional section: may be left off for want of room
  std::vector<Index> one_of;   // the answer is exactly one of these sets (RFC 8482 section 4.1)
  std::vector<Statement> denied;
  bool signatures = false;          // each set comes with all its RRSIGs, unless listed above already
  bool same_for_all_types = false;  // whatever is asked for, but DS at a delegation
};

// `zone`: the one that zone_for() has chosen. `type`: any but AXFR and IXFR.
[[nodiscard]] Expectation expect(const Reference& zone, const wire::Name& name, std::uint16_t type,
                                 bool dnssec_ok);

}  // namespace imrs::audit

// dns/audit/message.h
// A response that has been proven, and what all other responses to the same question have to be, octet for
// octet: cut to a size, with and without OPT, the question in other letters or of another type.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "agent/base/result.h"
#include "dns/audit/asking.h"

namespace imrs::audit {

// Where a response may end.
struct End {
  std::size_t body = 0;  // octets after the question
  std::uint16_t additionals = 0;
};

struct Proven {
  std::uint16_t flags = 0;  // AA and rcode
  std::uint16_t answers = 0, authorities = 0;
  std::vector<std::uint8_t> body;  // octets after the question, without OPT
  std::vector<End> ends;           // the first: nothing required is missing; the last: nothing at all
};

// Into `out`: the whole response that `query` has to get, which is `question` on the wire. `proven`: by TCP,
// of the same name in any letters, and the same answer by the RFCs.
void derive(const Proven& proven, const Question& question, Octets query, std::vector<std::uint8_t>& out);

// How a message is cut into records. Offsets from its first octet on.
struct Cuts {
  std::vector<std::size_t> record_ends;  // the question is not counted
  // The lowest place that a compression pointer leads to, if all that are there were seen: none of the
  // records is of a type, but NS and SOA, whose rdata may have some (RFC 3597 section 4). No pointer:
  // message's size.
  std::optional<std::size_t> lowest_target;
};

// An error if it is broken, has octets after its end, or a compression pointer that does not lead back.
[[nodiscard]] Result<Cuts> cut(Octets message);

}  // namespace imrs::audit

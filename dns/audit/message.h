// dns/audit/message.h
// A response that has been proven, and what all other responses to the same question have to be, octet for
// octet: cut to a size, with and without OPT, the question in other letters or of another type.
#pragma once

#include <cstdint>
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

// Offsets at which the records of a message end, from its first octet on; the question is not counted. An
// error if it is broken, has octets after its end, or a compression pointer that does not lead back.
[[nodiscard]] Result<std::vector<std::size_t>> record_ends(Octets message);

}  // namespace imrs::audit

// Messages as octets. Called for every response of the audit.
#include "dns/audit/message.h"

#include <algorithm>
#include <cstring>

#include "dns/wire/bytes.h"
#include "dns/wire/protocol.h"

namespace imrs::audit {
namespace {

using namespace wire;

// Skips a name and notes where it points to, if that is lower than `lowest`; false if it is broken or points
// forward.
bool skip_name(ByteReader& reader, std::size_t& lowest) {
  while (reader.ok()) {
    const std::size_t at = reader.position();
    const std::uint8_t size = reader.u8();
    if (size == 0) return reader.ok();
    if ((size & 0xC0) == 0xC0) {
      const std::size_t target = (size & 0x3FU) << 8 | reader.u8();
      lowest = std::min(lowest, target);
      return reader.ok() && target < at && target >= kHeaderSize;
    }
    if ((size & 0xC0) != 0) return false;
    reader.skip(size);
  }
  return false;
}

// Whether the rdata of that type may hold compressed names that cut() does not look at. Types that are newer
// than RFC 3597 never do.
bool has_other_pointers(std::uint16_t type) {
  switch (type) {
    case rrtype::A:
    case rrtype::NS:
    case rrtype::SOA:
    case rrtype::TXT:
    case rrtype::AAAA:
    case rrtype::OPT:
    case rrtype::DS:
    case rrtype::RRSIG:
    case rrtype::NSEC:
    case rrtype::DNSKEY:
    case rrtype::ZONEMD: return false;
    default: return true;
  }
}

Error broken(const char* what) { return Error{Errc::Refused, what}; }

const End* chosen_end(const Proven& proven, std::size_t before, std::size_t after, std::size_t limit) {
  const End* chosen = nullptr;
  for (const End& end : proven.ends) {
    if (before + end.body + after <= limit) chosen = &end;
  }
  return chosen;
}

}  // namespace

void derive(const Proven& proven, const Question& question, Octets query, std::vector<std::uint8_t>& out) {
  const std::size_t head = kHeaderSize + question.name.size() + 4;
  const std::size_t opt = question.edns ? kOptSize : 0;
  const End* end = chosen_end(proven, head, opt, question.limit());
  const std::size_t body = end == nullptr ? 0 : end->body;
  out.assign(head + body + opt, 0);
  std::uint8_t* const octets = out.data();
  std::memcpy(octets, query.data(), head);
  const int recursion_desired = load_u16(query.data() + 2) & flag::RD;
  const int truncated = end == nullptr ? flag::TC : 0;
  store_u16(octets + 2, static_cast<std::uint16_t>(flag::QR | recursion_desired | proven.flags | truncated));
  store_u16(octets + 6, end == nullptr ? 0 : proven.answers);
  store_u16(octets + 8, end == nullptr ? 0 : proven.authorities);
  const int additionals = (end == nullptr ? 0 : end->additionals) + (question.edns ? 1 : 0);
  store_u16(octets + 10, static_cast<std::uint16_t>(additionals));
  if (body > 0) std::memcpy(octets + head, proven.body.data(), body);
  if (!question.edns) return;
  std::uint8_t* const rest = octets + head + body;
  store_u16(rest + 1, rrtype::OPT);
  store_u16(rest + 3, kMaxUdpResponse);
  store_u16(rest + 7, question.dnssec_ok ? kDnssecOk : 0);  // after the version, which is 0
}

Result<Cuts> cut(Octets message) {
  ByteReader reader(message);
  reader.skip(4);
  const std::uint16_t questions = reader.u16();
  std::size_t records = 0, lowest = message.size();
  for (int section = 0; section < 3; ++section) records += reader.u16();
  if (!reader.ok() || questions != 1) return broken("not exactly one question");
  if (!skip_name(reader, lowest)) return broken("broken name in the question");
  reader.skip(4);
  Cuts cuts;
  bool all_seen = true;
  for (std::size_t i = 0; i < records; ++i) {
    if (!skip_name(reader, lowest)) return broken("an owner name is broken or points forward");
    const std::uint16_t type = reader.u16();
    reader.skip(6);
    const std::size_t size = reader.u16();
    const std::size_t start = reader.position();
    all_seen = all_seen && !has_other_pointers(type);
    if (type == rrtype::NS && !skip_name(reader, lowest))
      return broken("a name server's name is broken or points forward");
    if (type == rrtype::SOA && (!skip_name(reader, lowest) || !skip_name(reader, lowest))) {
      return broken("a name in SOA is broken or points forward");
    }
    if (reader.position() > start + size) return broken("rdata ends within a name");
    reader.skip(start + size - reader.position());
    if (!reader.ok()) return broken("ends within a record");
    cuts.record_ends.push_back(reader.position());
  }
  if (reader.remaining() != 0) return broken("octets after the last record");
  if (all_seen) cuts.lowest_target = lowest;
  return cuts;
}

}  // namespace imrs::audit

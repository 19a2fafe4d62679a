// Reads a query. Called by respond() for every message. Whatever the RFCs leave open is decided as NSD
// and Knot do, so that a resolver sees no difference between root servers.
#include "dns/answer/query.h"

#include "dns/wire/bytes.h"
#include "dns/wire/protocol.h"

namespace imrs::answer {
namespace {

using namespace wire;

constexpr std::uint16_t kOpcodeMask = 0x7800;
constexpr std::uint16_t kOptionNsid = 3;
constexpr std::uint16_t kDnssecOk = 0x8000;

// The question name into query.name, lower-cased. A pointer has nowhere to point in the first name of a
// message, and other label types are gone (RFC 6891 section 5).
bool read_name(ByteReader& reader, Query& query) noexcept {
  for (;;) {
    const std::uint8_t size = reader.u8();
    if (!reader.ok() || size > kMaxLabelSize) return false;
    if (query.name_size + size + 1U > kMaxNameSize) return false;
    query.name[query.name_size++] = size;
    if (size == 0) return true;
    for (const std::uint8_t octet : reader.take(size)) {
      query.name[query.name_size++] = to_lower(octet);
    }
    if (!reader.ok()) return false;
  }
}

// Steps over an owner name, which may be compressed.
bool skip_name(ByteReader& reader) noexcept {
  for (;;) {
    const std::uint8_t size = reader.u8();
    if (!reader.ok()) return false;
    if (size == 0) return true;
    if ((size & 0xC0) == 0xC0) {
      reader.skip(1);
      return reader.ok();
    }
    if (size > kMaxLabelSize) return false;
    reader.skip(size);
  }
}

bool read_options(std::span<const std::uint8_t> options, Edns& edns) noexcept {
  ByteReader reader(options);
  while (reader.ok() && reader.remaining() > 0) {
    const std::uint16_t code = reader.u16();
    reader.skip(reader.u16());
    if (reader.ok() && code == kOptionNsid) edns.wants_nsid = true;
  }
  return reader.ok();
}

struct Opt {
  bool well_formed = true;
  std::uint8_t version = 0;
};

bool read_record(ByteReader& reader, Query& query, Opt& opt, bool additional) noexcept {
  const std::size_t start = reader.position();
  if (!skip_name(reader)) return false;
  const bool root_owner = reader.position() == start + 1;
  const std::uint16_t type = reader.u16();
  const std::uint16_t rclass = reader.u16();
  const std::uint32_t ttl = reader.u32();
  const auto rdata = reader.take(reader.u16());
  if (!reader.ok()) return false;
  if (type != rrtype::OPT) return true;
  if (!additional || query.edns.present || !root_owner) return false;
  query.edns.present = true;
  query.edns.udp_size = rclass;
  query.edns.dnssec_ok = (ttl & kDnssecOk) != 0;
  opt.version = static_cast<std::uint8_t>(ttl >> 16);
  opt.well_formed = read_options(rdata, query.edns);
  return true;
}

Verdict read_body(ByteReader& reader, Query& query, std::uint16_t questions, unsigned before,
                  unsigned additional) noexcept {
  if (questions != 1) return Verdict::FormErr;
  const std::size_t start = reader.position();
  if (!read_name(reader, query)) return Verdict::FormErr;
  query.type = reader.u16();
  query.qclass = reader.u16();
  if (!reader.ok()) return Verdict::FormErr;
  query.question_size = reader.position() - start;
  Opt opt;
  for (unsigned i = 0; i < before + additional; ++i) {
    if (!read_record(reader, query, opt, i >= before)) return Verdict::FormErr;
  }
  if (query.edns.present && opt.version != 0) return Verdict::BadVersion;
  return opt.well_formed ? Verdict::Question : Verdict::FormErr;
}

}  // namespace

void read_query(std::span<const std::uint8_t> message, Query& query) noexcept {
  ByteReader reader(message);
  reader.skip(2);
  query.flags = reader.u16();
  const std::uint16_t questions = reader.u16();
  const unsigned answers = reader.u16(), authorities = reader.u16(), additional = reader.u16();
  if (!reader.ok() || (query.flags & flag::QR) != 0) return;
  if ((query.flags & kOpcodeMask) != 0) {
    query.verdict = Verdict::NotImp;
    return;
  }
  query.verdict = read_body(reader, query, questions, answers + authorities, additional);
}

}  // namespace imrs::answer

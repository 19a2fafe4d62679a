// Reads a query. Called by respond() for every message. Whatever the RFCs leave open is decided as NSD
// and Knot do, so that a resolver sees no difference between root servers.
#include "dns/answer/query.h"

#include <cstring>

#include "dns/wire/bytes.h"
#include "dns/wire/protocol.h"

namespace imrs::answer {
namespace {

using namespace wire;

constexpr std::uint16_t kOpcodeMask = 0x7800;
constexpr std::uint16_t kOpcodeNotify = 0x2000;
constexpr std::size_t kClientOnly = 8, kLeastCookie = 16, kMostCookie = 40;  // octets, RFC 7873 section 4

// Eight octets at a time: 'A' to 'Z' get the bit that makes them lower case.
std::uint64_t to_lower_eight(std::uint64_t octets) noexcept {
  constexpr std::uint64_t kOnes = 0x0101010101010101, kTop = 0x80 * kOnes;
  const std::uint64_t low = octets & ~kTop;
  const std::uint64_t from_a = low + (0x80 - 'A') * kOnes, after_z = low + (0x7F - 'Z') * kOnes;
  return octets | (from_a & ~after_z & ~octets & kTop) >> 2;
}

// `to` has room for a multiple of eight octets; eight octets before the end of `from` can be read.
void copy_in_lower_case(const std::uint8_t* from, std::size_t size, std::uint8_t* to) noexcept {
  std::uint64_t eight = 0;
  std::size_t at = 0;
  for (; at + sizeof eight <= size; at += sizeof eight) {
    std::memcpy(&eight, from + at, sizeof eight);
    eight = to_lower_eight(eight);
    std::memcpy(to + at, &eight, sizeof eight);
  }
  if (at == size) return;
  std::memcpy(&eight, from + size - sizeof eight, sizeof eight);
  eight = to_lower_eight(eight) >> 8 * (at + sizeof eight - size);  // without what has been copied already
  std::memcpy(to + at, &eight, sizeof eight);
}

// The question name into query.name, lower-cased. A pointer has nowhere to point in the first name of a
// message, and other label types are gone (RFC 6891 section 5).
bool read_name(ByteReader& reader, Query& query) noexcept {
  const auto rest = reader.rest();
  std::size_t end = 0;
  for (;;) {
    if (end >= rest.size() || rest[end] > kMaxLabelSize) return false;
    const std::size_t size = rest[end++];
    if (size == 0) break;
    end += size;
    if (end >= kMaxNameSize) return false;  // there would be no room for the root label
  }
  // Lengths are below 'A': all octets can be treated alike. The header lies before the name.
  copy_in_lower_case(rest.data(), end, query.name.data());
  query.name_size = end;
  reader.skip(end);
  return true;
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

// Steps over a name that must not be compressed.
bool skip_plain_name(ByteReader& reader) noexcept {
  const std::size_t start = reader.position();
  for (;;) {
    const std::uint8_t size = reader.u8();
    if (!reader.ok() || size > kMaxLabelSize) return false;
    reader.skip(size);
    if (size == 0) return reader.position() - start <= kMaxNameSize;
  }
}

// `at`: where the options start in the message. Options that are not known are ignored (RFC 6891 section
// 6.1.2), also a keepalive with data in it; only the first cookie counts, and its length has to be right (RFC
// 7873 section 5.2).
bool read_options(std::span<const std::uint8_t> options, std::size_t at, Edns& edns) noexcept {
  ByteReader reader(options);
  while (reader.ok() && reader.remaining() > 0) {
    const std::uint16_t code = reader.u16();
    const std::uint16_t size = reader.u16();
    const std::size_t data_at = at + reader.position();
    reader.skip(size);
    if (!reader.ok()) return false;
    if (code == option::Nsid) edns.wants_nsid = true;
    if (code == option::TcpKeepalive && size == 0) edns.wants_keepalive = true;
    if (code != option::Cookie || edns.cookie_size != 0 || edns.broken_cookie) continue;
    if (size != kClientOnly && (size < kLeastCookie || size > kMostCookie)) {
      edns.broken_cookie = true;
      continue;
    }
    edns.cookie_at = data_at;
    edns.cookie_size = size;
  }
  return reader.ok();
}

bool read_opt(std::uint16_t rclass, std::uint32_t ttl, std::span<const std::uint8_t> rdata,
              std::size_t rdata_at, bool root_owner, Query& query) noexcept {
  if (query.edns.present || !root_owner) return false;
  query.edns.present = true;
  query.edns.udp_size = rclass;
  query.edns.dnssec_ok = (ttl & kDnssecOk) != 0;
  query.edns.version = static_cast<std::uint8_t>(ttl >> 16);
  return read_options(rdata, rdata_at, query.edns);
}

// Notes where key name, algorithm, time and fudge stand (RFC 8945 section 4.2); they go back as they came.
bool read_tsig(std::span<const std::uint8_t> message, std::size_t owner_at, std::size_t rdata_at,
               std::size_t rdata_size, TsigPlace& tsig) noexcept {
  constexpr std::size_t kTimeAndFudge = 8;
  ByteReader owner(message.subspan(owner_at));
  ByteReader rdata(message.subspan(rdata_at, rdata_size));
  // Both names plain: a pointer would lead nowhere in the response.
  if (!skip_plain_name(owner) || !skip_plain_name(rdata)) return false;
  const std::size_t fixed_size = rdata.position() + kTimeAndFudge;
  rdata.skip(kTimeAndFudge);
  rdata.skip(rdata.u16());  // the MAC
  rdata.skip(4);            // original ID, error
  rdata.skip(rdata.u16());  // other data
  tsig = {true, owner_at, owner.position(), rdata_at, fixed_size};
  return rdata.ok();
}

bool read_record(std::span<const std::uint8_t> message, ByteReader& reader, Query& query,
                 bool additional) noexcept {
  const std::size_t start = reader.position();
  if (query.tsig.present || !skip_name(reader)) return false;  // TSIG is the last record
  const bool root_owner = reader.position() == start + 1;
  const std::uint16_t type = reader.u16();
  const std::uint16_t rclass = reader.u16();
  const std::uint32_t ttl = reader.u32();
  const std::uint16_t size = reader.u16();
  const std::size_t rdata_at = reader.position();
  const auto rdata = reader.take(size);
  if (!reader.ok()) return false;
  if (type == rrtype::OPT) {
    return additional && read_opt(rclass, ttl, rdata, rdata_at, root_owner, query);
  }
  if (type == rrtype::TSIG) {
    return additional && read_tsig(message, start, rdata_at, size, query.tsig);
  }
  return true;
}

bool read_question(ByteReader& reader, Query& query) noexcept {
  const std::size_t start = reader.position();
  if (!read_name(reader, query)) return false;
  query.type = reader.u16();
  query.qclass = reader.u16();
  if (reader.ok()) query.question_size = reader.position() - start;
  return reader.ok();
}

Verdict wrong(Query& query, Malformed what) noexcept {
  query.malformed = what;
  return Verdict::FormErr;
}

Verdict read_body(std::span<const std::uint8_t> message, ByteReader& reader, Query& query,
                  std::uint16_t questions, unsigned before, unsigned additional) noexcept {
  if (questions > 1) return wrong(query, Malformed::Count);
  if (questions == 1 && !read_question(reader, query)) return wrong(query, Malformed::Question);
  for (unsigned i = 0; i < before + additional; ++i) {
    if (read_record(message, reader, query, i >= before)) continue;
    query.edns = {};  // nothing of records that cannot be read is taken at its word, their OPT neither
    return wrong(query, Malformed::Records);
  }
  if (questions == 0 && query.edns.cookie_size == 0) return wrong(query, Malformed::Count);
  if (query.tsig.present) return Verdict::BadKey;
  if (query.edns.version != 0) return Verdict::BadVersion;
  if (query.edns.broken_cookie) return wrong(query, Malformed::Cookie);
  return questions == 0 ? Verdict::CookieOnly : Verdict::Question;
}

}  // namespace

void read_query(std::span<const std::uint8_t> message, Query& query) noexcept {
  ByteReader reader(message);
  reader.skip(2);
  query.flags = reader.u16();
  const std::uint16_t questions = reader.u16();
  const unsigned answers = reader.u16(), authorities = reader.u16(), additional = reader.u16();
  if (!reader.ok()) query.malformed = Malformed::Short;
  if (reader.ok() && (query.flags & flag::QR) != 0) query.malformed = Malformed::Response;
  if (query.malformed != Malformed::Nothing) return;
  query.verdict = read_body(message, reader, query, questions, answers + authorities, additional);
  const std::uint16_t opcode = query.flags & kOpcodeMask;
  if (opcode == 0) return;
  query.verdict = opcode == kOpcodeNotify ? Verdict::Notify : Verdict::NotImp;
  query.malformed = Malformed::Nothing;  // of another opcode, nothing has to be as a query is
}

}  // namespace imrs::answer

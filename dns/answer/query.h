// dns/answer/query.h
// A query message, read once and strictly. No allocation, no exception; safe on any octets.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "agent/base/query_kinds.h"
#include "dns/wire/name.h"

namespace imrs::answer {

// What the message is good for.
enum class Verdict {
  Drop,        // shorter than a header, or a response (QR): no answer, or two servers could talk for ever
  FormErr,     // RFC 1035 section 4.1.1, RFC 6891 section 6.1.1, RFC 9619 (QDCOUNT not 1)
  NotImp,      // an opcode other than QUERY and NOTIFY
  Notify,      // RFC 1996: zones are looked after on another address
  BadKey,      // signed with TSIG: this server shares no key with anyone (RFC 8945 section 5.2.1)
  BadVersion,  // EDNS version over 0 (RFC 6891 section 6.1.3)
  CookieOnly,  // no question, but a cookie: a server cookie is asked for (RFC 7873 section 5.4)
  Question,    // one question, well formed
};

struct Edns {
  bool present = false;
  std::uint8_t version = 0;
  bool dnssec_ok = false;
  bool wants_nsid = false;       // RFC 5001
  bool wants_keepalive = false;  // RFC 7828
  std::uint16_t udp_size = 0;    // octets, as the client says
  std::size_t cookie_at = 0;     // the first COOKIE option's data in the message
  std::size_t cookie_size = 0;   // 0: none; otherwise 8, or 16 to 40
  bool broken_cookie = false;    // of another size: FORMERR, but with an OPT (RFC 7873 section 5.2)
};

// Where the TSIG record stands in the message.
struct TsigPlace {
  bool present = false;
  std::size_t name_at = 0, name_size = 0;    // key name, uncompressed
  std::size_t fixed_at = 0, fixed_size = 0;  // algorithm name, time signed, fudge
};

struct Query {
  Verdict verdict = Verdict::Drop;
  Malformed malformed = Malformed::Nothing;  // Drop and FormErr: what is wrong
  std::uint16_t flags = 0;                   // as received
  std::size_t question_size = 0;             // octets of name, type and class; 0: no readable question
  std::array<std::uint8_t, wire::kMaxNameSize + 1> name;  // lower case; a multiple of eight octets
  std::size_t name_size = 0;
  std::uint16_t type = 0;
  std::uint16_t qclass = 0;
  Edns edns;
  TsigPlace tsig;
};

// Fills `query` from the message.
void read_query(std::span<const std::uint8_t> message, Query& query) noexcept;

}  // namespace imrs::answer

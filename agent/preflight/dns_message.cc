// Writes queries and reads the little of responses that counts here. Called by ask.cc. Only the header and
// the question are looked at: whether the answer is right is the probes' business.
#include "agent/preflight/dns_message.h"

#include <fmt/format.h>

#include "dns/wire/bytes.h"
#include "dns/wire/protocol.h"
#include "dns/wire/text.h"

namespace imrs::preflight {
namespace {

Error bad(const char* what) { return Error{Errc::InvalidInput, what}; }

void write_opt(wire::ByteWriter& out, const Question& question) {
  out.u8(0);
  out.u16(wire::rrtype::OPT);
  out.u16(question.edns_size);
  out.u32(question.dnssec ? wire::kDnssecOk : 0);
  out.u16(0);
}

// A question without compression, as there is nothing before it to point to.
bool echoes(wire::ByteReader& in, const Question& question) {
  const auto name = wire::Name::from_wire(in.rest());
  if (!name || !(*name == question.name)) return false;
  in.skip(name->size());
  return in.u16() == question.type && in.u16() == wire::rrclass::IN && in.ok();
}

}  // namespace

bool is_answered(const Exchange& exchange) { return exchange.outcome == Exchange::Outcome::Answered; }

std::string exchange_text(const Exchange& exchange) {
  switch (exchange.outcome) {
    case Exchange::Outcome::NotAsked: return "not asked";
    case Exchange::Outcome::Silent: return "no response";
    case Exchange::Outcome::Failed: return exchange.error;
    case Exchange::Outcome::Answered: break;
  }
  const Response& response = exchange.response;
  return fmt::format("{}, {} octets{}", wire::rcode_text(static_cast<std::uint16_t>(response.rcode)),
                     response.size, response.truncated ? ", cut" : "");
}

std::vector<std::uint8_t> question_message(std::uint16_t id, const Question& question) {
  std::vector<std::uint8_t> message;
  wire::ByteWriter out(message);
  out.u16(id);
  out.u16(0);  // a query, no recursion wanted
  out.u16(1);
  out.u16(0);
  out.u16(0);
  out.u16(question.edns_size > 0 ? 1 : 0);
  out.put(question.name.wire());
  out.u16(question.type);
  out.u16(wire::rrclass::IN);
  if (question.edns_size > 0) write_opt(out, question);
  return message;
}

Result<Response> read_response(std::span<const std::uint8_t> message, std::uint16_t id,
                               const Question& question) {
  wire::ByteReader in(message);
  const std::uint16_t its_id = in.u16(), flags = in.u16(), questions = in.u16(), answers = in.u16();
  in.skip(4);
  if (!in.ok()) return bad("shorter than a DNS header");
  if (its_id != id) return bad("the response to another query");
  if ((flags & wire::flag::QR) == 0) return bad("a query instead of a response");
  // Some that refuse leave the question out.
  if (questions > 1 || (questions == 1 && !echoes(in, question)))
    return bad("the response to another question");
  return Response{.rcode = flags & 15U,
                  .truncated = (flags & wire::flag::TC) != 0,
                  .authoritative = (flags & wire::flag::AA) != 0,
                  .answers = answers,
                  .size = message.size()};
}

}  // namespace imrs::preflight

// The responder: one query in, one response out. Called by the engine's workers for every message of
// every transport. The hot path: no allocation, no system call, no lock, no exception.
//
// What the RFCs leave open: a query of class CH gets the four names below and REFUSED otherwise; class
// ANY is answered like IN (as Knot does) and every other class is REFUSED; a service address gives no
// transfers and takes no NOTIFY, whatever the name (REFUSED); the types that only a query can hold (MAILA,
// MAILB) or only a message (OPT, TSIG, TKEY) are answered like types that do not exist, as NSD and Knot
// do. CD is cleared, RD copied (RFC 1035), AD never set. A client with a bad cookie or none is answered
// like any other (RFC 7873 section 5.2.3, third choice), and gets a good one.
#include "dns/answer/responder.h"

#include <algorithm>
#include <cstring>
#include <string_view>

#include "dns/answer/query.h"
#include "dns/answer/response.h"
#include "dns/image/lookup.h"
#include "dns/wire/bytes.h"
#include "dns/wire/protocol.h"

namespace imrs::answer {
namespace {

using namespace wire;
using Octets = std::span<const std::uint8_t>;

constexpr std::string_view kHostnameBind{"\10hostname\4bind", 15};
constexpr std::string_view kIdServer{"\2id\6server", 11};
constexpr std::string_view kVersionBind{"\7version\4bind", 14};
constexpr std::string_view kVersionServer{"\7version\6server", 16};

ChaosName chaos_name(const Query& query) noexcept {
  const std::string_view name(reinterpret_cast<const char*>(query.name.data()), query.name_size);
  if (name == kHostnameBind) return ChaosName::HostnameBind;
  if (name == kIdServer) return ChaosName::IdServer;
  if (name == kVersionBind) return ChaosName::VersionBind;
  return name == kVersionServer ? ChaosName::VersionServer : ChaosName::Other;
}

Outcome chaos_answer(ChaosName name, const Query& query, const Identity& identity,
                     Response& response) noexcept {
  const bool text = query.type == rrtype::TXT || query.type == rrtype::ANY;
  if (!text || name == ChaosName::Other) {
    return response.error(rcode::Refused, extended_error::NotAuthoritative);
  }
  const bool who = name == ChaosName::HostnameBind || name == ChaosName::IdServer;
  return response.chaos_text(who ? identity.name : identity.version);
}

Outcome answer_chaos(const Query& query, const Identity& identity, Response& response) noexcept {
  const ChaosName name = chaos_name(query);
  Outcome outcome = chaos_answer(name, query, identity, response);
  outcome.chaos = name;
  return outcome;
}

Outcome answer_question(const Context& context, const Query& query, Response& response) noexcept {
  if (query.qclass == rrclass::CH) return answer_chaos(query, context.identity, response);
  if (query.qclass != rrclass::IN && query.qclass != rrclass::ANY) {
    return response.error(rcode::Refused, extended_error::NotSupported);
  }
  if (query.type == rrtype::AXFR || query.type == rrtype::IXFR) {
    return response.error(rcode::Refused, extended_error::Prohibited);
  }
  const image::Found found = image::find(image::View(context.image), {query.name.data(), query.name_size},
                                         query.type, query.edns.dnssec_ok);
  if (found.body == nullptr) return response.error(rcode::Refused, extended_error::NotAuthoritative);
  if ((context.expired >> found.zone & 1) != 0) {
    return response.error(rcode::ServFail, extended_error::InvalidData);
  }
  return response.found(found);
}

std::size_t size_limit(Transport transport, const Edns& edns) noexcept {
  if (transport == Transport::Tcp) return kMaxResponse;
  if (!edns.present) return kMinUdpResponse;
  return std::clamp<std::size_t>(edns.udp_size, kMinUdpResponse, kMaxUdpResponse);
}

Outcome by_verdict(const Context& context, const Query& query, Response& response) noexcept {
  switch (query.verdict) {
    case Verdict::FormErr: return response.error(rcode::FormErr);
    case Verdict::NotImp: return response.error(rcode::NotImp, extended_error::NotSupported);
    case Verdict::Notify: return response.error(rcode::Refused, extended_error::Prohibited);
    case Verdict::BadKey: return response.bad_key();
    case Verdict::BadVersion: return response.error(rcode::BadVers);
    case Verdict::CookieOnly: return response.cookie_only();
    case Verdict::Question: return answer_question(context, query, response);
    case Verdict::Drop: break;
  }
  return {};
}

}  // namespace

Outcome respond(const Context& context, const Client& client, Octets query_octets,
                std::span<std::uint8_t> response_octets) noexcept {
  Query query;
  read_query(query_octets, query);
  Outcome outcome;
  if (query.verdict != Verdict::Drop) {
    Response response(context, client, query, query_octets, response_octets,
                      size_limit(client.transport, query.edns));
    outcome = by_verdict(context, query, response);
  }
  outcome.malformed = query.malformed;
  outcome.edns = query.edns.present;
  outcome.edns_other_version = query.edns.version != 0;
  outcome.dnssec_ok = query.edns.dnssec_ok;
  return outcome;
}

void shorten(std::span<std::uint8_t> response, Outcome& outcome) noexcept {
  std::uint8_t* const out = response.data();
  std::memmove(out + outcome.question_end, out + outcome.size - outcome.opt_size, outcome.opt_size);
  store_u16(out + 2, static_cast<std::uint16_t>(load_u16(out + 2) | flag::TC));
  store_u16(out + 6, 0);
  store_u16(out + 8, 0);
  store_u16(out + 10, outcome.opt_size > 0 ? 1 : 0);
  outcome.size = outcome.question_end + std::size_t{outcome.opt_size};
  outcome.truncated = true;
}

}  // namespace imrs::answer

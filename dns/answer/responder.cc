// The responder: one query in, one response out. Called by the engine's workers for every message of
// every transport. The hot path: no allocation, no system call, no lock, no exception.
//
// What the RFCs leave open: a query of class CH gets the four names below and REFUSED otherwise; class
// ANY is answered like IN (as Knot does) and every other class is REFUSED; a service address gives no
// transfers (NOTIMP for AXFR over UDP, NOTAUTH below an apex, REFUSED at it: RFC 5936); the types that
// only a query can hold (MAILA, MAILB) or only a message (OPT, TSIG, TKEY) are answered like types that
// do not exist, as NSD and Knot do. CD is cleared, RD copied (RFC 1035), AD never set.
#include "dns/answer/responder.h"

#include <algorithm>
#include <cstring>
#include <string_view>

#include "dns/answer/query.h"
#include "dns/image/lookup.h"
#include "dns/wire/bytes.h"
#include "dns/wire/protocol.h"

namespace imrs::answer {
namespace {

using namespace wire;
using Octets = std::span<const std::uint8_t>;

constexpr std::uint16_t kDnssecOk = 0x8000;
constexpr std::uint16_t kOptionNsid = 3;
constexpr std::size_t kOptSize = 11;
constexpr std::size_t kOptionHeader = 4;
constexpr std::uint16_t kOpcodeMask = 0x7800;

// A response under construction. The header is written last, when the counts are known.
class Response {
 public:
  Response(const Query& query, const Identity& identity, Octets message, std::span<std::uint8_t> out,
           std::size_t limit) noexcept
      : query_(query), identity_(identity), message_(message), out_(out.data()), limit_(limit) {
    std::memcpy(out_ + kHeaderSize, message.data() + kHeaderSize, query.question_size);
    end_ = kHeaderSize + query.question_size;
    nsid_ = query.edns.wants_nsid && fits(kOptSize + kOptionHeader + identity.name.size());
  }

  Outcome error(std::uint16_t rcode) noexcept { return finish(rcode); }

  Outcome found(const image::Found& found) noexcept {
    const image::Rendered rendered = image::render(found, out_, end_, limit_, opt_size());
    end_ = rendered.end;
    answers_ = rendered.answers;
    authorities_ = rendered.authorities;
    additionals_ = rendered.additionals;
    return finish(rendered.flags);
  }

  // One TXT record of class CH with TTL 0.
  Outcome chaos_text(std::string_view text) noexcept {
    constexpr std::size_t kAroundText = 13;
    const std::size_t size = std::min<std::size_t>(text.size(), 255);
    if (!fits(kAroundText + size + opt_size())) return finish(flag::TC);
    const std::uint8_t head[] = {0xC0, kHeaderSize, 0, rrtype::TXT, 0, rrclass::CH, 0, 0, 0, 0};
    put(head, sizeof head);
    put_u16(static_cast<std::uint16_t>(size + 1));
    out_[end_++] = static_cast<std::uint8_t>(size);
    put(text.data(), size);
    answers_ = 1;
    return finish(0);
  }

  // NOTAUTH with an unsigned TSIG that says BADKEY (RFC 8945 section 5.3.2).
  Outcome bad_key() noexcept {
    constexpr std::uint16_t kBadKey = 17;
    constexpr std::size_t kAroundFixed = 18;  // type, class, TTL, length; MAC size, ID, error, other
    if (query_.edns.present) put_opt(0);
    opt_done_ = true;
    const TsigPlace& tsig = query_.tsig;
    if (!fits(tsig.name_size + kAroundFixed + tsig.fixed_size)) {
      return finish(flag::TC | rcode::NotAuth);
    }
    put(message_.data() + tsig.name_at, tsig.name_size);
    put_u16(rrtype::TSIG);
    put_u16(rrclass::ANY);
    put_u16(0);
    put_u16(0);
    put_u16(static_cast<std::uint16_t>(tsig.fixed_size + 8));
    put(message_.data() + tsig.fixed_at, tsig.fixed_size);
    put_u16(0);  // MAC size
    put(message_.data(), 2);
    put_u16(kBadKey);
    put_u16(0);  // other data
    ++additionals_;
    return finish(rcode::NotAuth);
  }

 private:
  [[nodiscard]] bool fits(std::size_t size) const noexcept { return end_ + size <= limit_; }

  [[nodiscard]] std::size_t opt_size() const noexcept {
    if (!query_.edns.present) return 0;
    return kOptSize + (nsid_ ? kOptionHeader + identity_.name.size() : 0);
  }

  void put(const void* octets, std::size_t size) noexcept {
    std::memcpy(out_ + end_, octets, size);
    end_ += size;
  }
  void put_u16(std::uint16_t value) noexcept {
    store_u16(out_ + end_, value);
    end_ += 2;
  }

  void put_opt(std::uint16_t extended_rcode) noexcept {
    out_[end_++] = 0;
    put_u16(rrtype::OPT);
    put_u16(kMaxUdpResponse);
    put_u16(static_cast<std::uint16_t>((extended_rcode >> 4) << 8));  // version 0
    put_u16(query_.edns.dnssec_ok ? kDnssecOk : 0);
    put_u16(static_cast<std::uint16_t>(opt_size() - kOptSize));
    if (nsid_) {
      put_u16(kOptionNsid);
      put_u16(static_cast<std::uint16_t>(identity_.name.size()));
      put(identity_.name.data(), identity_.name.size());
    }
    ++additionals_;
  }

  // `flags`: AA, TC and the rcode, which may have extended bits.
  Outcome finish(std::uint16_t flags) noexcept {
    const auto rcode = static_cast<std::uint16_t>(flags & 0x1F);
    if (query_.edns.present && !opt_done_) put_opt(rcode);
    const auto kept = static_cast<std::uint16_t>(query_.flags & (flag::RD | kOpcodeMask));
    const auto sections = static_cast<std::uint16_t>(flags & ~0x1F);
    std::memcpy(out_, message_.data(), 2);
    store_u16(out_ + 2, static_cast<std::uint16_t>(flag::QR | kept | sections | (rcode & 0xF)));
    store_u16(out_ + 4, query_.question_size > 0 ? 1 : 0);
    store_u16(out_ + 6, answers_);
    store_u16(out_ + 8, authorities_);
    store_u16(out_ + 10, additionals_);
    return {end_, rcode, query_.type, (flags & flag::TC) != 0};
  }

  const Query& query_;
  const Identity& identity_;
  Octets message_;
  std::uint8_t* out_;
  std::size_t limit_;
  std::size_t end_ = 0;
  bool opt_done_ = false;
  bool nsid_ = false;  // asked for, and there is room
  std::uint16_t answers_ = 0, authorities_ = 0, additionals_ = 0;
};

constexpr std::string_view kHostnameBind{"\10hostname\4bind", 15};
constexpr std::string_view kIdServer{"\2id\6server", 11};
constexpr std::string_view kVersionBind{"\7version\4bind", 14};
constexpr std::string_view kVersionServer{"\7version\6server", 16};

Outcome answer_chaos(const Query& query, const Identity& identity, Response& response) noexcept {
  const std::string_view name(reinterpret_cast<const char*>(query.name.data()), query.name_size);
  if (query.type == rrtype::TXT || query.type == rrtype::ANY) {
    if (name == kHostnameBind || name == kIdServer) return response.chaos_text(identity.name);
    if (name == kVersionBind || name == kVersionServer) {
      return response.chaos_text(identity.version);
    }
  }
  return response.error(rcode::Refused);
}

// RFC 5936 sections 2.2.1 and 4.2, RFC 1995 section 2.
Outcome refuse_transfer(const image::Image& image, Transport transport, const Query& query,
                        Response& response) noexcept {
  if (query.type == rrtype::AXFR && transport == Transport::Udp) {
    return response.error(rcode::NotImp);
  }
  const bool apex = image::is_apex(image::View(image), {query.name.data(), query.name_size});
  return response.error(apex ? rcode::Refused : rcode::NotAuth);
}

Outcome answer_question(const image::Image& image, const Identity& identity, Transport transport,
                        const Query& query, Response& response) noexcept {
  if (query.qclass == rrclass::CH) return answer_chaos(query, identity, response);
  if (query.qclass != rrclass::IN && query.qclass != rrclass::ANY) {
    return response.error(rcode::Refused);
  }
  if (query.type == rrtype::AXFR || query.type == rrtype::IXFR) {
    return refuse_transfer(image, transport, query, response);
  }
  const image::Found found = image::find(image::View(image), {query.name.data(), query.name_size}, query.type,
                                         query.edns.dnssec_ok);
  if (found.body == nullptr) return response.error(rcode::Refused);
  return response.found(found);
}

std::size_t size_limit(Transport transport, const Edns& edns) noexcept {
  if (transport == Transport::Tcp) return kMaxResponse;
  if (!edns.present) return kMinUdpResponse;
  return std::clamp<std::size_t>(edns.udp_size, kMinUdpResponse, kMaxUdpResponse);
}

}  // namespace

Outcome respond(const image::Image& image, const Identity& identity, Transport transport, Octets query_octets,
                std::span<std::uint8_t> response_octets) noexcept {
  Query query;
  read_query(query_octets, query);
  if (query.verdict == Verdict::Drop) return {};
  Response response(query, identity, query_octets, response_octets, size_limit(transport, query.edns));
  switch (query.verdict) {
    case Verdict::FormErr: return response.error(rcode::FormErr);
    case Verdict::NotImp: return response.error(rcode::NotImp);
    case Verdict::BadKey: return response.bad_key();
    case Verdict::BadVersion: return response.error(rcode::BadVers);
    case Verdict::Question: return answer_question(image, identity, transport, query, response);
    case Verdict::Drop: break;
  }
  return {};
}

}  // namespace imrs::answer

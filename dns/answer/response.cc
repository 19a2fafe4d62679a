// Writes responses. Called by respond() for every message. Part of the hot path: no allocation, no system
// call, no lock, no exception.
#include "dns/answer/response.h"

#include <algorithm>
#include <cstring>

#include "dns/wire/bytes.h"
#include "dns/wire/protocol.h"

namespace imrs::answer {
namespace {

using namespace wire;

constexpr std::size_t kOptSize = 11;
constexpr std::size_t kOptionHeader = 4;
constexpr std::uint16_t kOpcodeMask = 0x7800;

}  // namespace

Response::Response(const Context& context, const Client& client, const Query& query,
                   std::span<const std::uint8_t> message, std::span<std::uint8_t> out,
                   std::size_t limit) noexcept
    : query_(query), identity_(context.identity), message_(message), out_(out.data()), limit_(limit) {
  std::memcpy(out_ + kHeaderSize, message.data() + kHeaderSize, query.question_size);
  end_ = kHeaderSize + query.question_size;
  if (query.edns.present) choose_options(context, client);
}

// The cookie first: the client may not accept a response without it.
void Response::choose_options(const Context& context, const Client& client) noexcept {
  const Edns& edns = query_.edns;
  if (edns.cookie_size != 0) {
    cookie_ = check_cookie(context.cookies, message_.subspan(edns.cookie_at, edns.cookie_size),
                           client.address, context.now);
    if (cookie_.state != CookieState::None) claim(kFullCookie);
  }
  nsid_ = edns.wants_nsid && claim(identity_.name.size());
  if (edns.wants_keepalive && client.transport == Transport::Tcp && claim(sizeof keepalive_)) {
    keepalive_ = context.keepalive;
  }
}

bool Response::claim(std::size_t data) noexcept {
  if (!fits(opt_size() + kOptionHeader + data)) return false;
  options_size_ += kOptionHeader + data;
  return true;
}

Outcome Response::error(std::uint16_t rcode, std::uint16_t reason) noexcept {
  if (reason != 0 && query_.edns.present && claim(sizeof reason)) reason_ = reason;
  return finish(rcode);
}

Outcome Response::found(const image::Found& found) noexcept {
  const image::Rendered rendered = image::render(found, out_, end_, limit_, opt_size());
  end_ = rendered.end;
  answers_ = rendered.answers;
  authorities_ = rendered.authorities;
  additionals_ = rendered.additionals;
  answer_ = found.identity;
  // Class CH is here as well: no answer for all classes (RFC 1035 section 6.2).
  const std::uint16_t authority = query_.qclass == rrclass::ANY ? flag::AA : std::uint16_t{0};
  Outcome outcome = finish(rendered.flags & ~authority);
  outcome.zone = found.zone;
  outcome.delegation = found.delegation;
  return outcome;
}

Outcome Response::chaos_text(std::string_view text) noexcept {
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

Outcome Response::cookie_only() noexcept {
  if (cookie_.state == CookieState::None) return finish(rcode::FormErr);  // there are no cookies here
  return finish(cookie_.state == CookieState::Invalid ? rcode::BadCookie : rcode::NoError);
}

Outcome Response::bad_key() noexcept {
  constexpr std::uint16_t kBadKey = 17;
  constexpr std::size_t kAroundFixed = 18;  // type, class, TTL, length; MAC size, ID, error, other
  if (query_.edns.present) put_opt(0);
  opt_done_ = true;
  const TsigPlace& tsig = query_.tsig;
  if (!fits(tsig.name_size + kAroundFixed + tsig.fixed_size)) return finish(flag::TC | rcode::NotAuth);
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

std::size_t Response::opt_size() const noexcept { return query_.edns.present ? kOptSize + options_size_ : 0; }

void Response::put(const void* octets, std::size_t size) noexcept {
  std::memcpy(out_ + end_, octets, size);
  end_ += size;
}

void Response::put_u16(std::uint16_t value) noexcept {
  store_u16(out_ + end_, value);
  end_ += 2;
}

void Response::put_option(std::uint16_t code, const void* data, std::size_t size) noexcept {
  put_u16(code);
  put_u16(static_cast<std::uint16_t>(size));
  put(data, size);
}

void Response::put_opt(std::uint16_t extended_rcode) noexcept {
  out_[end_++] = 0;
  put_u16(rrtype::OPT);
  put_u16(kMaxUdpResponse);
  put_u16(static_cast<std::uint16_t>((extended_rcode >> 4) << 8));  // version 0
  put_u16(query_.edns.dnssec_ok ? kDnssecOk : 0);
  put_u16(static_cast<std::uint16_t>(options_size_));
  std::uint8_t number[2];
  if (nsid_) put_option(option::Nsid, identity_.name.data(), identity_.name.size());
  if (cookie_.state != CookieState::None) put_option(option::Cookie, cookie_.option.data(), kFullCookie);
  if (keepalive_ != 0) {
    store_u16(number, keepalive_);
    put_option(option::TcpKeepalive, number, sizeof number);
  }
  if (reason_ != 0) {
    store_u16(number, reason_);
    put_option(option::ExtendedError, number, sizeof number);
  }
  ++additionals_;
}

// `flags`: AA, TC and the rcode, which may have extended bits.
Outcome Response::finish(std::uint16_t flags) noexcept {
  const auto rcode = static_cast<std::uint16_t>(flags & 0x1F);
  const std::size_t opt = opt_size();
  if (query_.edns.present && !opt_done_) put_opt(rcode);
  const auto kept = static_cast<std::uint16_t>(query_.flags & (flag::RD | kOpcodeMask));
  const auto sections = static_cast<std::uint16_t>(flags & ~0x1F);
  std::memcpy(out_, message_.data(), 2);
  store_u16(out_ + 2, static_cast<std::uint16_t>(flag::QR | kept | sections | (rcode & 0xF)));
  store_u16(out_ + 4, query_.question_size > 0 ? 1 : 0);
  store_u16(out_ + 6, answers_);
  store_u16(out_ + 8, authorities_);
  store_u16(out_ + 10, additionals_);
  Outcome outcome;
  outcome.size = end_;
  outcome.rcode = rcode;
  outcome.qtype = query_.type;
  outcome.truncated = (flags & flag::TC) != 0;
  outcome.cookie = cookie_.state;
  outcome.answer = answer_;
  outcome.question_end = static_cast<std::uint16_t>(kHeaderSize + query_.question_size);
  outcome.opt_size = static_cast<std::uint16_t>(opt);
  return outcome;
}

}  // namespace imrs::answer

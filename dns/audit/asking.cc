// Makes query messages and hands them to the responder that the engine uses. Called for every question; it
// does not look at what comes back.
#include "dns/audit/asking.h"

#include <algorithm>
#include <cstring>

#include "dns/wire/bytes.h"
#include "dns/wire/protocol.h"
#include "dns/wire/text.h"

namespace imrs::audit {

using namespace wire;

std::size_t Question::limit() const noexcept {
  if (transport == Transport::Tcp) return answer::kMaxResponse;
  if (!edns) return kMinUdpResponse;
  return std::clamp<std::size_t>(udp_size, kMinUdpResponse, kMaxUdpResponse);
}

std::string Question::text() const {
  std::string out = name.text() + " " + type_text(type);
  out += !edns ? ", no EDNS" : dnssec_ok ? ", DO" : ", EDNS";
  return out + (transport == Transport::Tcp ? ", by TCP" : ", by UDP " + std::to_string(limit()));
}

Asking::Asking(const image::Image& image, Witness witness)
    : context_{.image = image, .identity = identity_, .cookies = no_cookies_},
      witness_(std::move(witness)),
      response_(answer::kMaxResponse) {}

Octets Asking::ask(const Question& question) {
  const auto name = question.name.wire();
  query_.assign(kHeaderSize + name.size() + 4 + (question.edns ? kOptSize : 0), 0);
  std::uint8_t* const header = query_.data();
  store_u16(header, static_cast<std::uint16_t>(++asked_));
  store_u16(header + 2, question.transport == Transport::Udp ? flag::RD | flag::AD | flag::CD : 0);
  header[5] = 1;
  header[11] = question.edns ? 1 : 0;
  std::memcpy(header + kHeaderSize, name.data(), name.size());
  std::uint8_t* const rest = header + kHeaderSize + name.size();
  store_u16(rest, question.type);
  store_u16(rest + 2, rrclass::IN);
  if (question.edns) {
    store_u16(rest + 5, rrtype::OPT);
    store_u16(rest + 7, question.udp_size);
    store_u16(rest + 11, question.dnssec_ok ? kDnssecOk : 0);
  }
  static constexpr std::uint8_t kAddress[] = {192, 0, 2, 1};
  const answer::Outcome outcome = answer::respond(context_, {question.transport, kAddress}, query_,
                                                  response_);
  const Octets response(response_.data(), outcome.size);
  if (witness_) witness_(query_, response);
  return response;
}

}  // namespace imrs::audit

// The eyes of the tests. Called by tests only; it must not share code with the responder beyond names and
// the writer of octets.
#include "tests/support/answers.h"

#include <algorithm>
#include <cstdlib>
#include <sstream>

#include "dns/answer/responder.h"
#include "dns/wire/bytes.h"
#include "dns/wire/name.h"

// Last: it defines `true` and `false` as macros, which the standard headers do not survive.
// clang-format off
#include <ldns/ldns.h>
#undef true
#undef false
// clang-format on

namespace imrs::test {
namespace {

std::string words_of(char* text) {
  if (text == nullptr) return "(unprintable)";
  std::istringstream in(text);
  std::string out;
  for (std::string word; in >> word;) {
    if (word == ";" || word.starts_with(";{") || word.starts_with(";;")) break;
    out += (out.empty() ? "" : " ") + word;
  }
  std::free(text);  // NOLINT: ldns allocates with malloc
  return out;
}

std::string record_text(const ldns_rr* rr) {
  const std::string owner = words_of(ldns_rdf2str(ldns_rr_owner(rr)));
  if (ldns_rr_get_type(rr) == LDNS_RR_TYPE_RRSIG) {
    return owner + " RRSIG " + words_of(ldns_rdf2str(ldns_rr_rrsig_typecovered(rr)));
  }
  return words_of(ldns_rr2str(rr));
}

std::vector<std::string> section(const ldns_rr_list* list) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < ldns_rr_list_rr_count(list); ++i) {
    out.push_back(record_text(ldns_rr_list_rr(list, i)));
  }
  std::ranges::sort(out);
  return out;
}

std::string rcode_of(const ldns_pkt* packet) {
  const int code = ldns_pkt_get_rcode(packet) | ldns_pkt_edns_extended_rcode(packet) << 4;
  if (code == 16) return "BADVERS";
  return words_of(ldns_pkt_rcode2str(static_cast<ldns_pkt_rcode>(code)));
}

}  // namespace

Octets query_octets(const Ask& ask) {
  Octets out;
  wire::ByteWriter writer(out);
  const bool opt = ask.udp_size >= 0;
  for (const int word : {0x1234, int{ask.flags}, 1, 0, 0, opt ? 1 : 0}) {
    writer.u16(static_cast<std::uint16_t>(word));
  }
  const auto name = wire::Name::parse(ask.name);
  writer.put(name.value().wire());
  writer.u16(ask.type);
  writer.u16(ask.qclass);
  if (!opt) return out;
  writer.u8(0);
  writer.u16(41);
  writer.u16(static_cast<std::uint16_t>(ask.udp_size));
  writer.u32(ask.dnssec_ok ? 0x8000U : 0U);
  writer.u16(0);
  return out;
}

Octets response_to(const image::Image& image, std::span<const std::uint8_t> query, Transport transport) {
  Octets out(answer::kMaxResponse);
  static const answer::Identity identity{"lab01", "IMRS"};
  static const answer::CookieSecrets no_cookies;
  static constexpr std::uint8_t kAddress[] = {192, 0, 2, 1};
  const answer::Context context{.image = image, .identity = identity, .cookies = no_cookies};
  const answer::Outcome outcome = answer::respond(context, {transport, kAddress}, query, out);
  out.resize(outcome.size);
  return out;
}

std::string Seen::status() const {
  return (readable ? rcode : "unreadable") + (aa ? " aa" : "") + (tc ? " tc" : "");
}

Seen read_response(std::span<const std::uint8_t> response) {
  Seen seen;
  seen.size = response.size();
  ldns_pkt* packet = nullptr;
  if (ldns_wire2pkt(&packet, response.data(), response.size()) != LDNS_STATUS_OK) return seen;
  seen.readable = true;
  seen.rcode = rcode_of(packet);
  seen.aa = ldns_pkt_aa(packet);
  seen.tc = ldns_pkt_tc(packet);
  seen.has_opt = ldns_pkt_edns(packet);
  seen.answer = section(ldns_pkt_answer(packet));
  seen.authority = section(ldns_pkt_authority(packet));
  seen.additional = section(ldns_pkt_additional(packet));
  ldns_pkt_free(packet);
  return seen;
}

Seen ask(const image::Image& image, const Ask& question) {
  return read_response(response_to(image, query_octets(question), question.transport));
}

Octets from_hex(std::string_view text) {
  Octets out;
  int high = -1;
  bool comment = false, quoted = false;
  for (const char c : text) {
    if (c == '\n') comment = false;
    if (comment) continue;
    if (c == '"') {
      quoted = !quoted;
    } else if (quoted) {
      out.push_back(static_cast<std::uint8_t>(c));
    } else if (c == '#') {
      comment = true;
    } else if (std::isxdigit(static_cast<unsigned char>(c)) != 0) {
      const int digit = c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
      if (high >= 0) out.push_back(static_cast<std::uint8_t>(high << 4 | digit));
      high = high >= 0 ? -1 : digit;
    }
  }
  return out;
}

std::string to_hex(std::span<const std::uint8_t> octets) {
  std::string out;
  for (const std::uint8_t octet : octets) {
    constexpr const char* kDigits = "0123456789abcdef";
    out += kDigits[octet >> 4];
    out += kDigits[octet & 15];
    out += ' ';
  }
  if (!out.empty()) out.pop_back();
  return out;
}

}  // namespace imrs::test

// dns/answer/responder.h
// Query octets and an image in, response octets out. Pure: no I/O, no clock, no allocation, no lock,
// no exception; safe on any octets. One function serves UDP, TCP and later packet sources.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "agent/base/family.h"
#include "agent/base/query_kinds.h"
#include "dns/answer/cookies.h"
#include "dns/image/image.h"

namespace imrs::answer {

// What this instance says of itself (RFC 5001 NSID; CH TXT hostname.bind, id.server, version.bind).
struct Identity {
  std::string name;     // at most 255 octets
  std::string version;  // version.bind, version.server
};

// What all messages of a batch have in common.
struct Context {
  const image::Image& image;
  const Identity& identity;
  const CookieSecrets& cookies;
  std::uint32_t now = 0;        // Unix time modulo 2^32, for cookies only
  std::uint16_t keepalive = 0;  // idle time of TCP connections in 100 ms (RFC 7828); 0: not said
  std::uint32_t expired = 0;    // bit i: the image's zone i has expired and is not answered from
};

// Who asks.
struct Client {
  Transport transport = Transport::Udp;
  std::span<const std::uint8_t> address;  // 4 or 16 octets; looked at for cookies only
};

struct Outcome {
  std::size_t size = 0;     // octets of the response; 0: the message deserves none
  std::uint16_t rcode = 0;  // with the extended bits
  std::uint16_t qtype = 0;  // 0 if there was no readable question
  bool truncated = false;
  CookieState cookie = CookieState::None;
  std::uint32_t answer = 0;        // which answer of the image this is, for limiting its rate; all names in a
                                   // gap have one; 0: none of the image's
  std::uint16_t question_end = 0;  // where the question ends in the response, and in the query
  std::uint16_t opt_size = 0;      // octets of its OPT record, which is the last; 0: none
  // For counting only:
  std::uint32_t zone = 0;        // index of the image's zone that answered, if there is an `answer`
  std::uint32_t delegation = 0;  // image::Found::delegation
  Malformed malformed = Malformed::Nothing;
  ChaosName chaos = ChaosName::None;
  bool edns = false, edns_other_version = false, dnssec_ok = false;
};

// Room the response buffer must have: a whole TCP message.
inline constexpr std::size_t kMaxResponse = 65535;

// `response` must not overlap `query` and must hold kMaxResponse octets for TCP and
// wire::kMaxUdpResponse for UDP.
[[nodiscard]] Outcome respond(const Context& context, const Client& client,
                              std::span<const std::uint8_t> query, std::span<std::uint8_t> response) noexcept;

// Turns a response that respond() has just written, and that has an `answer`, into one that says only "ask
// by TCP": TC, the question and OPT. `outcome` is brought up to date.
void shorten(std::span<std::uint8_t> response, Outcome& outcome) noexcept;

}  // namespace imrs::answer

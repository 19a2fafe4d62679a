// dns/answer/responder.h
// Query octets and an image in, response octets out. Pure: no I/O, no clock, no allocation, no lock,
// no exception; safe on any octets. One function serves UDP, TCP and later packet sources.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "agent/base/family.h"
#include "dns/image/image.h"

namespace imrs::answer {

// What this instance says of itself (RFC 5001 NSID; CH TXT hostname.bind, id.server, version.bind).
struct Identity {
  std::string name;     // at most 255 octets
  std::string version;  // version.bind, version.server
};

struct Outcome {
  std::size_t size = 0;     // octets of the response; 0: the message deserves none
  std::uint16_t rcode = 0;  // with the extended bits
  std::uint16_t qtype = 0;  // 0 if there was no readable question
  bool truncated = false;
};

// Room the response buffer must have: a whole TCP message.
inline constexpr std::size_t kMaxResponse = 65535;

// `response` must not overlap `query` and must hold kMaxResponse octets for TCP and
// wire::kMaxUdpResponse for UDP.
[[nodiscard]] Outcome respond(const image::Image& image, const Identity& identity, Transport transport,
                              std::span<const std::uint8_t> query, std::span<std::uint8_t> response) noexcept;

}  // namespace imrs::answer

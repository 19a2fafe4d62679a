// dns/image/expected.h
// What a plain question must be answered with, computed from the image without the responder: the
// agent's probes compare the engine's octets with this. Deliberately independent of dns/answer (the
// agent does not link it) and simple: class IN, opcode QUERY, EDNS version 0 without options or none.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "agent/base/result.h"
#include "dns/image/image.h"
#include "dns/wire/name.h"

namespace imrs::image {

struct ProbeQuestion {
  wire::Name name;
  std::uint16_t type = 0;
  bool dnssec_ok = false;
};

// The query message: ID, RD clear, one question, OPT with `udp_size` and DO as asked.
[[nodiscard]] std::vector<std::uint8_t> make_query(const ProbeQuestion& question, std::uint16_t id,
                                                   std::uint16_t udp_size);

// The response that make_query's message has to get, octet for octet. `tcp`: no size limit.
[[nodiscard]] std::vector<std::uint8_t> expected_response(const Image& image, const ProbeQuestion& question,
                                                          std::uint16_t id, std::uint16_t udp_size, bool tcp);

// Questions for the deep probe, walked round and round: SOA, NS and DNSKEY of each zone, then for
// each delegation the referral, DS and the name that does not exist right after it. index is taken
// modulo question_count().
[[nodiscard]] std::size_t question_count(const Image& image);
[[nodiscard]] ProbeQuestion question_at(const Image& image, std::size_t index);

}  // namespace imrs::image

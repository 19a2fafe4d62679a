// agent/preflight/dns_message.h
// The questions that preflight asks, and what it wants to know of the responses. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "agent/base/result.h"
#include "dns/wire/name.h"

namespace imrs::preflight {

struct Question {
  wire::Name name;
  std::uint16_t type = 0;
  std::uint16_t edns_size = 0;  // octets that a UDP response may have; 0: without EDNS
  bool dnssec = false;          // DO; only with EDNS
};

struct Response {
  unsigned rcode = 0;
  bool truncated = false, authoritative = false;
  std::size_t answers = 0;  // records of the answer section, as the header says
  std::size_t size = 0;     // octets
};

// What came of asking.
struct Exchange {
  enum class Outcome {
    NotAsked,
    Answered,
    Silent,  // nothing came in time
    Failed,  // it could not be asked, or the other side refused the connection
  };
  Outcome outcome = Outcome::NotAsked;
  Response response;  // if Answered
  std::string error;  // if Failed
};
[[nodiscard]] bool is_answered(const Exchange& exchange);
// "NOERROR, 98 octets", "REFUSED, 12 octets, cut", "no response", or the error.
[[nodiscard]] std::string exchange_text(const Exchange& exchange);

// The message as it goes by UDP.
[[nodiscard]] std::vector<std::uint8_t> question_message(std::uint16_t id, const Question& question);

// Refuses what is no response to that question.
[[nodiscard]] Result<Response> read_response(std::span<const std::uint8_t> message, std::uint16_t id,
                                             const Question& question);

}  // namespace imrs::preflight

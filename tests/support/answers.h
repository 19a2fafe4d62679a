// tests/support/answers.h
// Queries made and responses read for tests. Responses are read by ldns, which shares no code with what
// made them.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/family.h"
#include "dns/image/image.h"

namespace imrs::test {

using Octets = std::vector<std::uint8_t>;

struct Ask {
  std::string_view name = ".";
  std::uint16_t type = 1;
  bool dnssec_ok = false;
  int udp_size = 1232;  // of the OPT record; -1: no OPT
  Transport transport = Transport::Udp;
  std::uint16_t qclass = 1;
  std::uint16_t flags = 0;
};

// The query message with ID 0x1234.
[[nodiscard]] Octets query_octets(const Ask& ask);

// What the responder says to it, as identity "lab01", version "IMRS".
[[nodiscard]] Octets response_to(const image::Image& image, std::span<const std::uint8_t> query,
                                 Transport transport = Transport::Udp);

// A response in words. Records are "owner ttl class type rdata" with single blanks, sorted; an RRSIG is
// "owner RRSIG type covered"; the OPT record is not among them.
struct Seen {
  bool readable = false;
  std::string rcode;  // "NOERROR", with the extended bits
  bool aa = false, tc = false;
  std::vector<std::string> answer, authority, additional;
  bool has_opt = false;
  std::size_t size = 0;

  // As above, one string for comparing: "NOERROR aa" and so on.
  [[nodiscard]] std::string status() const;
};

[[nodiscard]] Seen read_response(std::span<const std::uint8_t> response);
[[nodiscard]] Seen ask(const image::Image& image, const Ask& ask);

// "12 34 c0" into octets; '#' starts a comment that ends with the line; "text" in double quotes.
[[nodiscard]] Octets from_hex(std::string_view text);
[[nodiscard]] std::string to_hex(std::span<const std::uint8_t> octets);

}  // namespace imrs::test

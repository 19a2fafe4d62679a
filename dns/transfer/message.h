// dns/transfer/message.h
// DNS messages as a transfer client sees them: queries it writes, responses it reads. Untrusted octets;
// every read is bounded, compression pointers only lead backwards. No I/O.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "agent/base/result.h"
#include "dns/wire/name.h"

namespace imrs::transfer {

using Bytes = std::span<const std::uint8_t>;

// A standard query for one question, class IN, RD clear, without the length of TCP.
[[nodiscard]] std::vector<std::uint8_t> make_query(std::uint16_t id, const wire::Name& origin,
                                                   std::uint16_t type);

// A query for the differences since the version whose SOA has this rdata (RFC 1995 section 3), uncompressed.
[[nodiscard]] std::vector<std::uint8_t> make_ixfr_query(std::uint16_t id, const wire::Name& origin,
                                                        Bytes soa_rdata);

// Reads the name at `position` (RFC 1035 section 4.1.4) and moves `position` behind it. Refused: a pointer
// that does not lead to before the labels it continues (so no loop ends in one), more than 127 pointers,
// a name over 255 octets, anything past the end.
[[nodiscard]] Result<wire::Name> read_name(Bytes message, std::size_t& position);

struct Record {
  wire::Name owner;
  std::uint16_t type = 0;
  std::uint16_t record_class = 0;
  std::uint32_t ttl = 0;
  std::vector<std::uint8_t> rdata;  // uncompressed
};

// Walks one response, section by section.
class MessageReader {
 public:
  // Checks ID, QR, opcode QUERY, rcode NOERROR, TC clear, and the question: `origin`, `type`, class IN; it
  // may be absent if `question_optional` (RFC 5936 section 2.2.1: later messages of a transfer). An rcode
  // is Errc::Unavailable, everything else Errc::InvalidInput.
  [[nodiscard]] static Result<MessageReader> open(Bytes message, std::uint16_t id, const wire::Name& origin,
                                                  std::uint16_t type, bool question_optional);

  [[nodiscard]] std::size_t answers_left() const noexcept { return answers_; }
  // The next record of the answer section; only while answers_left() > 0. Names in the rdata of NS, CNAME,
  // SOA, PTR, MX and SRV are decompressed (RFC 3597 section 4); other types are taken as they are.
  [[nodiscard]] Result<Record> next_answer();
  // After the last answer: the other sections must be well formed and end where the message ends.
  [[nodiscard]] Result<void> finish();

 private:
  explicit MessageReader(Bytes message) : message_(message) {}
  Result<Record> next_record();

  Bytes message_;
  std::size_t position_ = 0;
  std::size_t answers_ = 0;
  std::size_t others_ = 0;  // authority and additional
};

// Cuts a TCP stream into messages (RFC 1035 section 4.2.2).
class MessageStream {
 public:
  // Octets in any cuts; `next` gives each message that is complete.
  void feed(Bytes octets);
  [[nodiscard]] std::optional<std::vector<std::uint8_t>> next();
  // Octets that no message was made of yet.
  [[nodiscard]] std::size_t waiting() const noexcept { return buffer_.size() - start_; }
  [[nodiscard]] bool empty() const noexcept { return start_ == buffer_.size(); }

 private:
  std::vector<std::uint8_t> buffer_;
  std::size_t start_ = 0;
};

}  // namespace imrs::transfer

// dns/transfer/axfr.h
// The receiving end of a zone transfer (RFC 5936), without any I/O: octets in, a Zone out. What comes out
// is not trusted yet; zone::verify() decides.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "agent/base/result.h"
#include "dns/transfer/message.h"
#include "dns/zone/parse.h"

namespace imrs::transfer {

// The root zone takes about 1.5 MB. Bounds what a peer can make this process hold.
inline constexpr std::size_t kMaxTransferSize = 16 << 20;  // octets of the stream

// Looks at a message before it is read, and takes off what is not for the reader (its TSIG).
using Authenticate = std::function<Result<void>(std::vector<std::uint8_t>& message)>;

class AxfrReader {
 public:
  // For the answer to make_query(id, origin, AXFR).
  AxfrReader(wire::Name origin, std::uint16_t id, std::size_t max_size = kMaxTransferSize);

  // Takes octets of the TCP stream, cut anywhere. An error is final: another ID, an rcode, another
  // question, a first record that is not the zone's SOA, a record of another class or outside the zone, a
  // last SOA that differs from the first (the zone changed meanwhile: Errc::Unavailable), anything after
  // it, a broken message, too many octets.
  [[nodiscard]] Result<void> feed(Bytes octets, const Authenticate& authenticate = {});

  // True from the second SOA on: nothing more is expected.
  [[nodiscard]] bool complete() const noexcept { return complete_; }

  // The zone; Errc::Closed if the transfer is not complete (the stream ended early).
  [[nodiscard]] Result<zone::Zone> finish() &&;

 private:
  Result<void> take_message(Bytes message);
  Result<void> take_record(const Record& record);
  Result<void> take_first(const Record& record);
  Result<void> take_last(const Record& record);

  wire::Name origin_;
  std::uint16_t id_;
  std::size_t max_size_;
  std::size_t received_ = 0;  // octets, at most max_size_
  MessageStream stream_;
  zone::ZoneBuilder builder_;
  std::optional<std::vector<std::uint8_t>> soa_;  // rdata of the first record
  bool complete_ = false;
};

// The SOA of a response to make_query(id, origin, SOA): its serial.
[[nodiscard]] Result<std::uint32_t> read_soa_serial(Bytes message, std::uint16_t id,
                                                    const wire::Name& origin);

}  // namespace imrs::transfer

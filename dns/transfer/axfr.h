// dns/transfer/axfr.h
// The receiving end of a zone transfer (RFC 5936), without any I/O: octets in, a Zone out. What comes out
// is not trusted yet; zone::verify() decides.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "agent/base/result.h"
#include "dns/transfer/transfer_stream.h"
#include "dns/zone/parse.h"

namespace imrs::transfer {

// A whole zone, record by record: from its SOA to its SOA.
class WholeZone : public RecordReader {
 public:
  // `most_memory`: octets, as zone::RecordMemory counts them.
  explicit WholeZone(wire::Name origin, std::size_t most_memory = zone::kMaxRecordMemory);

  // Errors: a first record that is not the zone's SOA, a record outside the zone or malformed, more records
  // than fit the memory, a last SOA that differs from the first (the zone changed meanwhile:
  // Errc::Unavailable).
  Result<void> take(const Record& record) override;

  // The zone; Errc::Closed if the transfer is not complete (the stream ended early).
  [[nodiscard]] Result<zone::Zone> finish() &&;

 private:
  Result<void> add(const Record& record);
  Result<void> take_first(const Record& record);
  Result<void> take_last(const Record& record);

  wire::Name origin_;
  zone::ZoneBuilder builder_;
  std::optional<std::vector<std::uint8_t>> soa_;  // rdata of the first record
};

class AxfrReader {
 public:
  // For the answer to make_query(id, origin, AXFR).
  AxfrReader(const wire::Name& origin, std::uint16_t id, std::size_t max_size = kMaxTransferSize,
             std::size_t most_memory = zone::kMaxRecordMemory);

  // Takes octets of the TCP stream, cut anywhere. An error is final: TransferStream's and WholeZone's.
  [[nodiscard]] Result<void> feed(Bytes octets, const Authenticate& authenticate = {});

  // True from the second SOA on: nothing more is expected.
  [[nodiscard]] bool complete() const noexcept { return zone_.complete(); }

  // The zone; Errc::Closed if the transfer is not complete (the stream ended early).
  [[nodiscard]] Result<zone::Zone> finish() &&;

 private:
  TransferStream stream_;
  WholeZone zone_;
};

// Of a SOA's rdata; nothing if it is too short.
[[nodiscard]] std::optional<std::uint32_t> soa_serial(Bytes soa_rdata);

// True if both are the same SOA but for the case of letters: names are compressed against whatever stood
// before them.
[[nodiscard]] bool same_soa(const std::vector<std::uint8_t>& a, const std::vector<std::uint8_t>& b);

// The SOA of a response to make_query(id, origin, SOA): its serial.
[[nodiscard]] Result<std::uint32_t> read_soa_serial(Bytes message, std::uint16_t id,
                                                    const wire::Name& origin);

}  // namespace imrs::transfer

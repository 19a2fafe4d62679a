// dns/transfer/client.h
// A connection to one primary: the thin shell of sockets around the readers. Blocks, never beyond the time
// given; one thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/base/result.h"
#include "agent/base/trusted_clock.h"
#include "agent/base/unique_fd.h"
#include "dns/transfer/axfr.h"
#include "dns/transfer/ixfr.h"
#include "dns/transfer/tsig.h"
#include "dns/zone/zone.h"

namespace imrs::transfer {

struct Primary {
  std::string address;  // IPv4 or IPv6, in text
  std::uint16_t port = 53;

  std::optional<TsigKey> key = {};  // signs what is asked, and has to sign what comes

  [[nodiscard]] std::string text() const;  // "192.0.2.1 port 53"
};

struct Limits {
  std::chrono::milliseconds connect{5000};
  std::chrono::milliseconds answer{5000};       // of the SOA query
  std::chrono::milliseconds transfer{120000};   // from the query to the last SOA
  std::size_t size = kMaxTransferSize;          // octets of the stream
  std::size_t memory = zone::kMaxRecordMemory;  // octets, of the zone, and of the differences as much
};

class Client {
 public:
  // Connects over TCP from `source` (an address of this machine; empty: the system's choice).
  // Errc::Timeout, Errc::System or Errc::InvalidInput (an address of another family).
  // `clock`: for the times in signatures.
  [[nodiscard]] static Result<Client> connect(const Primary& primary, const std::string& source,
                                              const Limits& limits, imrs::Clock clock = TrustedClock());

  // The zone's serial at the primary. The connection can be used again after a success only.
  [[nodiscard]] Result<std::uint32_t> soa_serial(const wire::Name& origin);
  // The whole zone, not verified. Errc::Unavailable, Errc::Timeout, Errc::Closed: it could not be had;
  // Errc::InvalidInput, Errc::Refused: what came is not a right transfer, or not signed as it has to be.
  [[nodiscard]] Result<zone::Zone> axfr(const wire::Name& origin);
  // What is new since the version whose SOA has this rdata; errors as above.
  [[nodiscard]] Result<IxfrResponse> ixfr(const wire::Name& origin, std::vector<std::uint8_t> soa);

 private:
  using Clock = std::chrono::steady_clock;
  Client(UniqueFd socket, const Limits& limits, const std::optional<TsigKey>& key, imrs::Clock clock);

  // Signs it, if there is a key.
  Result<void> send_query(std::vector<std::uint8_t> query, Clock::time_point deadline);
  Result<void> authenticate(std::vector<std::uint8_t>& message);
  // Until the reader is complete or the stream ends.
  template <typename Reader>
  Result<void> read_transfer(Reader& reader, Clock::time_point deadline);
  // Some octets, or none at the end of the stream.
  Result<std::vector<std::uint8_t>> receive(Clock::time_point deadline);

  UniqueFd socket_;
  Limits limits_;
  std::optional<TsigClient> tsig_;
  imrs::Clock clock_;
};

}  // namespace imrs::transfer

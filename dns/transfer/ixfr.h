// dns/transfer/ixfr.h
// The receiving end of an incremental zone transfer (RFC 1995), without any I/O: octets in, differences
// out, or the whole zone where the primary prefers that. zone::apply_changes() checks that the differences
// belong to what we have, and zone::verify() whether the outcome may be served.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "agent/base/result.h"
#include "dns/transfer/axfr.h"
#include "dns/transfer/transfer_stream.h"
#include "dns/zone/changes.h"
#include "dns/zone/zone.h"

namespace imrs::transfer {

struct UpToDate {};  // the primary has nothing newer
using Differences = std::vector<zone::Change>;
using IxfrResponse = std::variant<UpToDate, Differences, zone::Zone>;

// The records of a response to IXFR: one SOA, or differences (RFC 1995 section 4), or a whole zone.
class IncrementalZone : public RecordReader {
 public:
  // `soa`: rdata of the SOA of the version that we have. `most_memory`: octets, of the differences or of the
  // whole zone, as zone::RecordMemory counts them.
  IncrementalZone(wire::Name origin, std::vector<std::uint8_t> soa,
                  std::size_t most_memory = zone::kMaxRecordMemory);

  // Errors: a first record that is not the zone's SOA, differences that do not start at our version, a step
  // that does not start where the last one ended or whose serial does not go up, a record outside the zone,
  // more of them than fit the memory, WholeZone's.
  Result<void> take(const Record& record) override;
  // A response that is one SOA, and not a newer one than ours, ends with its message.
  void end_of_message() override;

  // Errc::Closed if the transfer is not complete.
  [[nodiscard]] Result<IxfrResponse> finish() &&;

 private:
  enum class Expecting {
    First,      // the SOA of the newest version
    Second,     // what kind of response this is
    Removals,   // or the SOA that begins the additions
    Additions,  // or the SOA that begins the next step, or the last one
    Whole,      // the rest of a whole zone
  };

  Result<void> keep(std::vector<zone::ZoneRecord>& records, const Record& record);
  Result<void> take_second(const Record& record);
  Result<void> take_whole(const Record& record);
  Result<void> begin_step(const Record& soa);
  Result<void> begin_additions(const Record& soa);
  Result<void> take_soa_after_additions(const Record& soa);

  wire::Name origin_;
  std::vector<std::uint8_t> have_;  // SOA rdata: of what we have, after the steps so far
  std::optional<Record> newest_;    // the first record
  Expecting expecting_ = Expecting::First;
  Differences steps_;
  std::size_t most_memory_;
  zone::RecordMemory memory_;  // of steps_
  std::unique_ptr<WholeZone> whole_;
};

class IxfrReader {
 public:
  // For the answer to make_ixfr_query(id, origin, soa).
  IxfrReader(const wire::Name& origin, std::uint16_t id, std::vector<std::uint8_t> soa,
             std::size_t max_size = kMaxTransferSize, std::size_t most_memory = zone::kMaxRecordMemory);

  // Takes octets of the TCP stream, cut anywhere. An error is final: TransferStream's, IncrementalZone's.
  [[nodiscard]] Result<void> feed(Bytes octets, const Authenticate& authenticate = {});

  [[nodiscard]] bool complete() const noexcept { return zone_.complete(); }

  // Errc::Closed if the transfer is not complete (the stream ended early).
  [[nodiscard]] Result<IxfrResponse> finish() &&;

 private:
  TransferStream stream_;
  IncrementalZone zone_;
};

}  // namespace imrs::transfer

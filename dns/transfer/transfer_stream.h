// dns/transfer/transfer_stream.h
// What AXFR and IXFR responses have in common (RFC 5936 section 2.2, RFC 1995 section 4): a TCP stream of
// messages, and in them records that go on from message to message. Untrusted octets; no I/O.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

#include "agent/base/result.h"
#include "dns/transfer/message.h"

namespace imrs::transfer {

// The root zone takes about 1.5 MB. Bounds what a peer can make this process read; zone::kMaxRecordMemory,
// what it can make it hold.
inline constexpr std::size_t kMaxTransferSize = 16 << 20;  // octets of the stream

// Looks at a message before it is read, and takes off what is not for the reader (its TSIG).
using Authenticate = std::function<Result<void>(std::vector<std::uint8_t>& message)>;

[[nodiscard]] Error bad_transfer(std::string_view why);  // Errc::InvalidInput

// Makes something of the records of a transfer.
class RecordReader {
 public:
  virtual ~RecordReader() = default;

  // The next record, of class IN. An error is final.
  virtual Result<void> take(const Record& record) = 0;
  // After the last record of each message.
  virtual void end_of_message() {}
  // True from the record on that ends the transfer: nothing may follow.
  [[nodiscard]] bool complete() const noexcept { return complete_; }

 protected:
  RecordReader() = default;
  RecordReader(const RecordReader&) = default;
  RecordReader(RecordReader&&) = default;
  RecordReader& operator=(const RecordReader&) = default;
  RecordReader& operator=(RecordReader&&) = default;

  bool complete_ = false;
};

class TransferStream {
 public:
  // Of the response to the query with this ID for `origin` and `type` (AXFR or IXFR).
  TransferStream(wire::Name origin, std::uint16_t id, std::uint16_t type, std::size_t max_size);

  // Takes octets, cut anywhere, and hands on the records in them. An error is final: another ID, an rcode,
  // another question, a first message without records, another class, a broken message, anything after the
  // record that completes the transfer, too many octets, or what `authenticate` or `records` say.
  [[nodiscard]] Result<void> feed(Bytes octets, const Authenticate& authenticate, RecordReader& records);

 private:
  Result<void> read_message(Bytes message, RecordReader& records);

  wire::Name origin_;
  std::uint16_t id_, type_;
  std::size_t max_size_;
  std::size_t received_ = 0;  // octets, at most max_size_
  MessageStream stream_;
  bool started_ = false;  // a record was read
};

}  // namespace imrs::transfer

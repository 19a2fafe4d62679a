// Cuts the stream of a transfer into records. Called by the readers of AXFR and IXFR. It must never let
// anything through that comes after the end of a transfer.
#include "dns/transfer/transfer_stream.h"

#include <utility>

#include "dns/wire/protocol.h"

namespace imrs::transfer {

Error bad_transfer(std::string_view why) {
  return Error{Errc::InvalidInput, "transfer: " + std::string(why), "transfer"};
}

TransferStream::TransferStream(wire::Name origin, std::uint16_t id, std::uint16_t type, std::size_t max_size)
    : origin_(std::move(origin)), id_(id), type_(type), max_size_(max_size) {}

Result<void> TransferStream::feed(Bytes octets, const Authenticate& authenticate, RecordReader& records) {
  if (octets.size() > max_size_ - received_) {
    return bad_transfer("larger than the " + std::to_string(max_size_) +
                        " octets this program takes; look at what that primary serves as " + origin_.text() +
                        " (a zone that has grown so large needs a build with a larger " +
                        "kMaxTransferSize)");
  }
  received_ += octets.size();
  stream_.feed(octets);
  while (auto message = stream_.next()) {
    if (records.complete()) return bad_transfer("a message after the last SOA");
    if (authenticate) {
      if (auto authentic = authenticate(*message); !authentic) return authentic;
    }
    if (auto read = read_message(*message, records); !read) return read;
  }
  if (records.complete() && !stream_.empty()) return bad_transfer("octets after the last SOA");
  return {};
}

Result<void> TransferStream::read_message(Bytes message, RecordReader& records) {
  auto reader = MessageReader::open(message, id_, origin_, type_, started_);
  if (!reader) return reader.error();
  while (reader->answers_left() > 0) {
    auto record = reader->next_answer();
    if (!record) return record.error();
    if (records.complete()) return bad_transfer("a record after the last SOA");
    if (record->record_class != wire::rrclass::IN) {
      return bad_transfer(record->owner.text() + " is not of class IN");
    }
    if (auto taken = records.take(*record); !taken) return taken;
    started_ = true;
  }
  if (!started_) return bad_transfer("the first message is empty");
  if (auto whole = reader->finish(); !whole) return whole;
  records.end_of_message();
  return {};
}

}  // namespace imrs::transfer

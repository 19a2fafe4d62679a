// Reads a transfer, record by record, into a ZoneBuilder. Called by the client with what the socket gave.
// It must never call a transfer complete before it has seen the SOA again.
#include "dns/transfer/axfr.h"

#include <utility>

#include "dns/wire/bytes.h"
#include "dns/wire/protocol.h"
#include "dns/wire/text.h"
#include "dns/zone/canonical.h"

namespace imrs::transfer {
namespace {

constexpr std::size_t kSoaNumbers = 20;  // serial, refresh, retry, expire, minimum: the end of the rdata

std::optional<std::uint32_t> serial_of(Bytes soa_rdata) {
  if (soa_rdata.size() < kSoaNumbers) return std::nullopt;
  return wire::ByteReader(soa_rdata.last(kSoaNumbers)).u32();
}

Error bad_transfer(std::string_view why) {
  return Error{Errc::InvalidInput, "transfer: " + std::string(why)};
}

}  // namespace

AxfrReader::AxfrReader(wire::Name origin, std::uint16_t id, std::size_t max_size)
    : origin_(std::move(origin)), id_(id), max_size_(max_size), builder_(origin_) {}

Result<void> AxfrReader::feed(Bytes octets, const Authenticate& authenticate) {
  if (octets.size() > max_size_ - received_) {
    return bad_transfer("larger than the " + std::to_string(max_size_) +
                        " octets this program takes; look at what that primary serves as " + origin_.text() +
                        " (a zone that has grown so large needs a build with a larger " +
                        "kMaxTransferSize)");
  }
  received_ += octets.size();
  stream_.feed(octets);
  while (auto message = stream_.next()) {
    if (complete_) return bad_transfer("a message after the last SOA");
    if (authenticate) {
      if (auto authentic = authenticate(*message); !authentic) return authentic;
    }
    if (auto taken = take_message(*message); !taken) return taken;
  }
  if (complete_ && !stream_.empty()) return bad_transfer("octets after the last SOA");
  return {};
}

Result<void> AxfrReader::take_message(Bytes message) {
  auto reader = MessageReader::open(message, id_, origin_, wire::rrtype::AXFR, soa_.has_value());
  if (!reader) return reader.error();
  while (reader->answers_left() > 0) {
    auto record = reader->next_answer();
    if (!record) return record.error();
    if (complete_) return bad_transfer("a record after the last SOA");
    if (auto taken = take_record(*record); !taken) return taken;
  }
  if (!soa_) return bad_transfer("the first message is empty");
  return reader->finish();
}

Result<void> AxfrReader::take_record(const Record& record) {
  if (record.record_class != wire::rrclass::IN) {
    return bad_transfer(record.owner.text() + " is not of class IN");
  }
  if (!soa_) return take_first(record);
  if (record.type == wire::rrtype::SOA) return take_last(record);
  return builder_.add(record.owner, record.type, record.ttl, record.rdata);
}

Result<void> AxfrReader::take_first(const Record& record) {
  if (record.type != wire::rrtype::SOA || record.owner != origin_) {
    return bad_transfer("starts with " + record.owner.text() + " " + wire::type_text(record.type) +
                        ", not with the SOA of " + origin_.text());
  }
  soa_ = record.rdata;
  return builder_.add(record.owner, record.type, record.ttl, record.rdata);
}

Result<void> AxfrReader::take_last(const Record& record) {
  if (record.owner != origin_) {
    return bad_transfer("a SOA at " + record.owner.text() + ", inside " + origin_.text());
  }
  // Letters may differ: names are compressed against whatever stood before them.
  const auto canonical = [](const zone::Rdata& rdata) {
    return zone::canonical_rdata(wire::rrtype::SOA, rdata);
  };
  if (canonical(record.rdata) != canonical(*soa_)) {
    const auto first = serial_of(*soa_), last = serial_of(record.rdata);
    if (!first || !last || *first == *last) return bad_transfer("ends with another SOA");
    return Error{Errc::Unavailable, "transfer: the zone changed from serial " + std::to_string(*first) +
                                        " to " + std::to_string(*last) + " meanwhile"};
  }
  complete_ = true;
  return {};
}

Result<zone::Zone> AxfrReader::finish() && {
  if (!complete_) return Error{Errc::Closed, "transfer: ended before the last SOA"};
  return std::move(builder_).finish();
}

Result<std::uint32_t> read_soa_serial(Bytes message, std::uint16_t id, const wire::Name& origin) {
  auto reader = MessageReader::open(message, id, origin, wire::rrtype::SOA, false);
  if (!reader) return reader.error();
  std::optional<std::uint32_t> serial;
  while (reader->answers_left() > 0) {
    auto record = reader->next_answer();
    if (!record) return record.error();
    if (record->owner != origin || record->type != wire::rrtype::SOA ||
        record->record_class != wire::rrclass::IN) {
      continue;
    }
    serial = serial_of(record->rdata);
  }
  if (auto whole = reader->finish(); !whole) return whole.error();
  if (!serial) return Error{Errc::Unavailable, "answers without the zone's SOA"};
  return *serial;
}

}  // namespace imrs::transfer

// Reads a transfer, record by record, into a ZoneBuilder. Called by the client with what the socket gave.
// It must never call a transfer complete before it has seen the SOA again.
#include "dns/transfer/axfr.h"

#include <utility>

#include "dns/wire/bytes.h"
#include "dns/wire/protocol.h"
#include "dns/wire/text.h"
#include "dns/zone/canonical.h"

namespace imrs::transfer {

std::optional<std::uint32_t> soa_serial(Bytes soa_rdata) {
  constexpr std::size_t kNumbers = 20;  // serial, refresh, retry, expire, minimum: the end of the rdata
  if (soa_rdata.size() < kNumbers) return std::nullopt;
  return wire::ByteReader(soa_rdata.last(kNumbers)).u32();
}

bool same_soa(const std::vector<std::uint8_t>& a, const std::vector<std::uint8_t>& b) {
  return zone::canonical_rdata(wire::rrtype::SOA, a) == zone::canonical_rdata(wire::rrtype::SOA, b);
}

WholeZone::WholeZone(wire::Name origin, std::size_t most_memory)
    : origin_(std::move(origin)), builder_(origin_, most_memory) {}

Result<void> WholeZone::take(const Record& record) {
  if (!soa_) return take_first(record);
  if (record.type == wire::rrtype::SOA) return take_last(record);
  return add(record);
}

Result<void> WholeZone::add(const Record& record) {
  auto added = builder_.add(record.owner, record.type, record.ttl, record.rdata);
  return added ? added : added.error().about("transfer");
}

Result<void> WholeZone::take_first(const Record& record) {
  if (record.type != wire::rrtype::SOA || record.owner != origin_) {
    return bad_transfer("starts with " + record.owner.text() + " " + wire::type_text(record.type) +
                        ", not with the SOA of " + origin_.text());
  }
  soa_ = record.rdata;
  return add(record);
}

Result<void> WholeZone::take_last(const Record& record) {
  if (record.owner != origin_) {
    return bad_transfer("a SOA at " + record.owner.text() + ", inside " + origin_.text());
  }
  if (!same_soa(record.rdata, *soa_)) {
    const auto first = soa_serial(*soa_), last = soa_serial(record.rdata);
    if (!first || !last || *first == *last) return bad_transfer("ends with another SOA");
    return Error{Errc::Unavailable, "transfer: the zone changed from serial " + std::to_string(*first) +
                                        " to " + std::to_string(*last) + " meanwhile"};
  }
  complete_ = true;
  return {};
}

Result<zone::Zone> WholeZone::finish() && {
  if (!complete_) return Error{Errc::Closed, "transfer: ended before the last SOA"};
  return std::move(builder_).finish();
}

AxfrReader::AxfrReader(const wire::Name& origin, std::uint16_t id, std::size_t max_size,
                       std::size_t most_memory)
    : stream_(origin, id, wire::rrtype::AXFR, max_size), zone_(origin, most_memory) {}

Result<void> AxfrReader::feed(Bytes octets, const Authenticate& authenticate) {
  return stream_.feed(octets, authenticate, zone_);
}

Result<zone::Zone> AxfrReader::finish() && { return std::move(zone_).finish(); }

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
    serial = soa_serial(record->rdata);
  }
  if (auto whole = reader->finish(); !whole) return whole.error();
  if (!serial) return Error{Errc::Unavailable, "answers without the zone's SOA"};
  return *serial;
}

}  // namespace imrs::transfer

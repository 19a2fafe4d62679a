// Reads the differences between versions of a zone. Called by the client with what the socket gave. It must
// never call differences complete before the step to the version that the first record names is whole, nor
// take such as start anywhere but at the version we have.
#include "dns/transfer/ixfr.h"

#include <utility>

#include "dns/transfer/serial.h"
#include "dns/wire/protocol.h"
#include "dns/wire/text.h"

namespace imrs::transfer {
namespace {

// Of rdata that was seen to be a SOA's.
std::uint32_t serial_of(const std::vector<std::uint8_t>& soa) { return soa_serial(soa).value_or(0); }

std::string serial_text(const std::vector<std::uint8_t>& soa) { return std::to_string(serial_of(soa)); }

// A vector that grows holds what is in it three times over for a moment.
static_assert(3 * sizeof(zone::ZoneRecord) < zone::kRecordOverhead);

}  // namespace

IncrementalZone::IncrementalZone(wire::Name origin, std::vector<std::uint8_t> soa, std::size_t most_memory)
    : origin_(std::move(origin)), have_(std::move(soa)), most_memory_(most_memory), memory_(most_memory) {}

Result<void> IncrementalZone::take(const Record& record) {
  const bool is_soa = record.type == wire::rrtype::SOA;
  if (is_soa && record.owner != origin_) {
    return bad_transfer("a SOA at " + record.owner.text() + ", inside " + origin_.text());
  }
  if (is_soa && !soa_serial(record.rdata)) return bad_transfer("a SOA without a serial");
  if (!record.owner.is_within(origin_)) {
    return bad_transfer(record.owner.text() + " is outside the zone " + origin_.text());
  }
  switch (expecting_) {
    case Expecting::First:
      if (!is_soa) {
        return bad_transfer("starts with " + record.owner.text() + " " + wire::type_text(record.type) +
                            ", not with the SOA of " + origin_.text());
      }
      newest_ = record;
      expecting_ = Expecting::Second;
      return {};
    case Expecting::Second: return take_second(record);
    case Expecting::Removals: return is_soa ? begin_additions(record) : keep(steps_.back().removed, record);
    case Expecting::Additions:
      return is_soa ? take_soa_after_additions(record) : keep(steps_.back().added, record);
    case Expecting::Whole: return take_whole(record);
  }
  return {};
}

Result<void> IncrementalZone::keep(std::vector<zone::ZoneRecord>& records, const Record& record) {
  if (auto room = memory_.add(record.owner, record.rdata.size()); !room) {
    return room.error().within("transfer: differences of " + origin_.text()).about("transfer");
  }
  records.push_back({record.owner, record.type, record.ttl, record.rdata});
  return {};
}

// Another SOA begins the differences, anything else a whole zone (section 4), as does the same SOA again:
// that zone is empty.
Result<void> IncrementalZone::take_second(const Record& record) {
  if (record.type == wire::rrtype::SOA && !same_soa(record.rdata, newest_->rdata)) return begin_step(record);
  expecting_ = Expecting::Whole;
  whole_ = std::make_unique<WholeZone>(origin_, most_memory_);
  if (auto taken = whole_->take(*newest_); !taken) return taken;
  return take_whole(record);
}

Result<void> IncrementalZone::take_whole(const Record& record) {
  auto taken = whole_->take(record);
  complete_ = whole_->complete();
  return taken;
}

Result<void> IncrementalZone::begin_step(const Record& soa) {
  if (!same_soa(soa.rdata, have_)) {
    return bad_transfer("differences start at serial " + serial_text(soa.rdata) + ", not at our " +
                        serial_text(have_));
  }
  expecting_ = Expecting::Removals;
  return keep(steps_.emplace_back().removed, soa);
}

Result<void> IncrementalZone::begin_additions(const Record& soa) {
  if (is_older(serial_of(soa.rdata), serial_of(have_)) || serial_of(soa.rdata) == serial_of(have_)) {
    return bad_transfer("differences lead from serial " + serial_text(have_) + " to " +
                        serial_text(soa.rdata));
  }
  have_ = soa.rdata;
  expecting_ = Expecting::Additions;
  return keep(steps_.back().added, soa);
}

Result<void> IncrementalZone::take_soa_after_additions(const Record& soa) {
  if (!same_soa(have_, newest_->rdata)) return begin_step(soa);
  if (!same_soa(soa.rdata, newest_->rdata)) return bad_transfer("ends with another SOA");
  complete_ = true;
  return {};
}

void IncrementalZone::end_of_message() {
  if (expecting_ != Expecting::Second) return;
  const auto order = compare_serials(serial_of(newest_->rdata), serial_of(have_));
  complete_ = order == SerialOrder::Equal || order == SerialOrder::Older;
}

Result<IxfrResponse> IncrementalZone::finish() && {
  if (!complete_) return Error{Errc::Closed, "transfer: ended before the last SOA"};
  if (whole_) {
    auto zone = std::move(*whole_).finish();
    return zone ? Result<IxfrResponse>(std::move(*zone)) : Result<IxfrResponse>(zone.error());
  }
  IxfrResponse response = UpToDate();
  if (!steps_.empty()) response.emplace<Differences>(std::move(steps_));
  return response;
}

IxfrReader::IxfrReader(const wire::Name& origin, std::uint16_t id, std::vector<std::uint8_t> soa,
                       std::size_t max_size, std::size_t most_memory)
    : stream_(origin, id, wire::rrtype::IXFR, max_size), zone_(origin, std::move(soa), most_memory) {}

Result<void> IxfrReader::feed(Bytes octets, const Authenticate& authenticate) {
  return stream_.feed(octets, authenticate, zone_);
}

Result<IxfrResponse> IxfrReader::finish() && { return std::move(zone_).finish(); }

}  // namespace imrs::transfer

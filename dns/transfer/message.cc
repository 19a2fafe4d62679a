// Writes queries and reads responses. Called by the transfer reader and the client. It must never follow a
// pointer forwards and never trust a count or a length before the octets are there.
#include "dns/transfer/message.h"

#include <string>

#include "dns/wire/bytes.h"
#include "dns/wire/protocol.h"
#include "dns/wire/rdata_names.h"
#include "dns/wire/text.h"

namespace imrs::transfer {
namespace {

constexpr std::uint8_t kPointer = 0xc0;
// In one name: as many as it can have labels. Else a message of pointers to pointers costs whoever reads it
// thousands of steps for each record of a few octets.
constexpr int kMaxPointers = 127;

Error malformed(std::string_view why) {
  return Error{Errc::InvalidInput, "malformed response: " + std::string(why), "transfer"};
}

// The rdata at [begin, end) of `message` without compression.
Result<std::vector<std::uint8_t>> expand_rdata(Bytes message, std::size_t begin, std::size_t end,
                                               std::uint16_t type) {
  const wire::RdataNames layout = wire::rdata_names(type);
  const Bytes upto_end = message.first(end);
  std::vector<std::uint8_t> out;
  wire::ByteWriter writer(out);
  std::size_t position = begin;
  const std::size_t names = layout.compression == wire::Compression::Never ? 0 : layout.names;
  if (names > 0) {
    if (end - begin < layout.before) return malformed("rdata is too short");
    writer.put(message.subspan(begin, layout.before));
    position += layout.before;
  }
  for (std::size_t i = 0; i < names; ++i) {
    auto name = read_name(upto_end, position);
    if (!name) return name.error().within(wire::type_text(type) + " rdata");
    writer.put(name->wire());
  }
  writer.put(message.subspan(position, end - position));
  if (out.size() > 0xffff) return malformed("rdata over 65535 octets");
  return out;
}

Result<void> check_flags(std::uint16_t flags) {
  constexpr std::uint16_t kOpcode = 0x7800, kRcode = 0x000f;
  if ((flags & wire::flag::QR) == 0) return malformed("it is a query, not a response");
  if ((flags & kOpcode) != 0) return malformed("the opcode is not QUERY");
  if (const std::uint16_t rcode = flags & kRcode; rcode != 0) {
    return Error{Errc::Unavailable,
                 "answers " + wire::rcode_text(rcode) + "; does it serve the zone, and to this address?"};
  }
  if ((flags & wire::flag::TC) != 0) return malformed("it is truncated");
  return {};
}

Result<void> check_question(Bytes message, std::size_t& position, const wire::Name& origin,
                            std::uint16_t type) {
  auto name = read_name(message, position);
  if (!name) return name.error();
  wire::ByteReader reader(message.subspan(position));
  const std::uint16_t got_type = reader.u16(), got_class = reader.u16();
  if (!reader.ok()) return malformed("the question is cut");
  position += reader.position();
  if (*name != origin || got_type != type || got_class != wire::rrclass::IN) {
    return malformed("the question is " + name->text() + " " + wire::type_text(got_type) +
                     ", not what was asked");
  }
  return {};
}

std::vector<std::uint8_t> begin_query(std::uint16_t id, const wire::Name& origin, std::uint16_t type,
                                      std::uint16_t authority) {
  std::vector<std::uint8_t> query;
  wire::ByteWriter writer(query);
  writer.u16(id);
  writer.u16(0);  // standard query, no flags
  writer.u16(1);  // question
  writer.u16(0);
  writer.u16(authority);
  writer.u16(0);
  writer.put(origin.wire());
  writer.u16(type);
  writer.u16(wire::rrclass::IN);
  return query;
}

}  // namespace

std::vector<std::uint8_t> make_query(std::uint16_t id, const wire::Name& origin, std::uint16_t type) {
  return begin_query(id, origin, type, 0);
}

std::vector<std::uint8_t> make_ixfr_query(std::uint16_t id, const wire::Name& origin, Bytes soa_rdata) {
  std::vector<std::uint8_t> query = begin_query(id, origin, wire::rrtype::IXFR, 1);
  wire::ByteWriter writer(query);
  writer.put(origin.wire());
  writer.u16(wire::rrtype::SOA);
  writer.u16(wire::rrclass::IN);
  writer.u32(0);
  writer.u16(static_cast<std::uint16_t>(soa_rdata.size()));
  writer.put(soa_rdata);
  return query;
}

Result<wire::Name> read_name(Bytes message, std::size_t& position) {
  std::vector<std::uint8_t> labels;
  std::size_t at = position, lowest = position;
  int pointers = 0;
  for (;;) {
    if (at >= message.size()) return malformed("a name runs past the end");
    const std::uint8_t octet = message[at];
    if ((octet & kPointer) == kPointer) {
      if (at + 2 > message.size()) return malformed("a compression pointer is cut");
      const std::size_t target = wire::load_u16(&message[at]) & 0x3fffU;
      if (++pointers == 1) position = at + 2;
      if (pointers > kMaxPointers) return malformed("a name of too many compression pointers");
      if (target >= lowest) return malformed("a compression pointer does not lead backwards");
      at = lowest = target;
      continue;
    }
    if ((octet & kPointer) != 0) return malformed("an unknown label type");
    const std::size_t size = octet + 1U;
    if (size > message.size() - at) return malformed("a label runs past the end");
    if (labels.size() + size > wire::kMaxNameSize) return malformed("a name over 255 octets");
    labels.insert(labels.end(), message.begin() + static_cast<std::ptrdiff_t>(at),
                  message.begin() + static_cast<std::ptrdiff_t>(at + size));
    at += size;
    if (octet == 0) break;
  }
  if (pointers == 0) position = at;
  return wire::Name::from_wire(labels);
}

Result<MessageReader> MessageReader::open(Bytes message, std::uint16_t id, const wire::Name& origin,
                                          std::uint16_t type, bool question_optional) {
  if (message.size() < wire::kHeaderSize) return malformed("shorter than a header");
  wire::ByteReader header(message);
  const std::uint16_t got_id = header.u16(), flags = header.u16(), questions = header.u16();
  if (got_id != id) return malformed("the ID is not the query's");
  if (auto right = check_flags(flags); !right) return right.error();
  if (questions > 1 || (questions == 0 && !question_optional)) {
    return malformed("it has " + std::to_string(questions) + " questions");
  }
  MessageReader reader(message);
  reader.answers_ = header.u16();
  reader.others_ = header.u16();
  reader.others_ += header.u16();
  reader.position_ = wire::kHeaderSize;
  if (questions == 1) {
    auto right = check_question(message, reader.position_, origin, type);
    if (!right) return right.error();
  }
  return reader;
}

Result<Record> MessageReader::next_record() {
  auto owner = read_name(message_, position_);
  if (!owner) return owner.error();
  wire::ByteReader reader(message_.subspan(position_));
  Record record;
  record.owner = std::move(*owner);
  record.type = reader.u16();
  record.record_class = reader.u16();
  record.ttl = reader.u32();
  const std::size_t size = reader.u16();
  const std::size_t begin = position_ + reader.position();
  reader.skip(size);
  if (!reader.ok()) return malformed("a record runs past the end");
  auto rdata = expand_rdata(message_, begin, begin + size, record.type);
  if (!rdata) return rdata.error().within(record.owner.text());
  record.rdata = std::move(*rdata);
  position_ = begin + size;
  return record;
}

Result<Record> MessageReader::next_answer() {
  --answers_;
  return next_record();
}

Result<void> MessageReader::finish() {
  for (; others_ > 0; --others_) {
    if (auto record = next_record(); !record) return record.error();
  }
  if (position_ != message_.size()) return malformed("octets after the last record");
  return {};
}

void MessageStream::feed(Bytes octets) {
  buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(start_));
  start_ = 0;
  buffer_.insert(buffer_.end(), octets.begin(), octets.end());
}

std::optional<std::vector<std::uint8_t>> MessageStream::next() {
  constexpr std::size_t kLength = 2;
  const Bytes rest = Bytes(buffer_).subspan(start_);
  if (rest.size() < kLength) return std::nullopt;
  const std::size_t size = wire::load_u16(rest.data());
  if (rest.size() - kLength < size) return std::nullopt;
  const Bytes body = rest.subspan(kLength, size);
  std::vector<std::uint8_t> message(body.begin(), body.end());
  start_ += kLength + size;
  return message;
}

}  // namespace imrs::transfer

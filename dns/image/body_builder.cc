// Writes records as they will be sent. Called by the compiler for every answer there can be. Only names
// in rdata of the types of RFC 1035 are compressed (RFC 3597 section 4).
#include "dns/image/body_builder.h"

#include <algorithm>
#include <cstring>

#include "dns/wire/bytes.h"
#include "dns/wire/protocol.h"
#include "dns/wire/rdata_names.h"

namespace imrs::image {
namespace {

constexpr int kQuestionTail = 4;     // QTYPE, QCLASS
constexpr int kLastTarget = 0x3E00;  // further back a pointer cannot reach once the body has moved

std::string key_of(const wire::Name& name) {
  const wire::Name lower = name.lower();
  return {reinterpret_cast<const char*>(lower.wire().data()), lower.size()};
}

template <typename T>
void append(std::vector<std::uint8_t>& out, const T* values, std::size_t count) {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(values);
  out.insert(out.end(), bytes, bytes + count * sizeof(T));
}

}  // namespace

BodyBuilder::BodyBuilder(const wire::Name& anchor, std::uint16_t flags) : flags_(flags) {
  for (wire::Name name = anchor; !name.is_root(); name = name.parent()) {
    places_[key_of(name)] = -(kQuestionTail + static_cast<int>(name.size()));
  }
}

BodyBuilder BodyBuilder::piece() {
  BodyBuilder body{wire::Name(), 0};
  body.compress_ = false;
  return body;
}

void BodyBuilder::add(Section section, const wire::Name& owner, std::uint16_t type, std::uint32_t ttl,
                      const zone::Rdata& rdata) {
  wire::ByteWriter writer(octets_);
  add_name(owner);
  writer.u16(type);
  writer.u16(wire::rrclass::IN);
  writer.u32(ttl);
  const std::size_t length_at = octets_.size();
  writer.u16(0);
  add_rdata(type, rdata);
  wire::store_u16(octets_.data() + length_at, static_cast<std::uint16_t>(octets_.size() - length_at - 2));
  ++counts_[static_cast<int>(section)];
}

void BodyBuilder::add_set(Section section, const wire::Name& owner, std::uint16_t type,
                          const zone::RRset& set) {
  for (const zone::Rdata& rdata : set.rdata) add(section, owner, type, set.ttl, rdata);
}

void BodyBuilder::add_signatures(Section section, const wire::Name& owner, const zone::RRset& set) {
  for (const zone::Rdata& rdata : set.signatures) {
    add(section, owner, wire::rrtype::RRSIG, set.signature_ttl, rdata);
  }
}

void BodyBuilder::allow_cut() {
  Cut cut{};
  cut.size = static_cast<std::uint16_t>(octets_.size());  // compile() refuses what is over kMaxBodySize
  cut.additionals = counts_[static_cast<int>(Section::Additional)];
  cut.fixups = static_cast<std::uint16_t>(fixups_.size());
  cut.even_fixups = static_cast<std::uint16_t>(
      std::ranges::count_if(fixups_, [](std::uint16_t offset) { return offset % 2 == 0; }));
  cut.sum = word_sum(octets_.data(), octets_.size());
  if (cuts_.empty() || cuts_.back().size != cut.size) cuts_.push_back(cut);
}

std::vector<std::uint8_t> BodyBuilder::finish() {
  allow_cut();
  Body body{};
  body.size = static_cast<std::uint32_t>(octets_.size());
  body.flags = flags_;
  body.answers = counts_[0];
  body.authorities = counts_[1];
  body.additionals = counts_[2];
  body.fixup_count = static_cast<std::uint16_t>(fixups_.size());
  body.cut_count = static_cast<std::uint16_t>(cuts_.size());
  std::vector<std::uint8_t> out;
  append(out, &body, 1);
  append(out, cuts_.data(), cuts_.size());
  append(out, fixups_.data(), fixups_.size());
  append(out, octets_.data(), octets_.size());
  return out;
}

void BodyBuilder::add_name(const wire::Name& name) {
  wire::ByteWriter writer(octets_);
  if (!compress_) return writer.put(name.wire());
  for (wire::Name rest = name; !rest.is_root(); rest = rest.parent()) {
    const auto place = places_.find(key_of(rest));
    if (place != places_.end()) {
      fixups_.push_back(static_cast<std::uint16_t>(octets_.size()));
      writer.u16(static_cast<std::uint16_t>(place->second & 0x3FFF));
      return;
    }
    if (octets_.size() < kLastTarget) {
      places_[key_of(rest)] = static_cast<int>(octets_.size());
    }
    writer.put(rest.wire().first(rest.wire()[0] + 1U));
  }
  writer.u8(0);
}

void BodyBuilder::add_rdata(std::uint16_t type, const zone::Rdata& rdata) {
  wire::ByteWriter writer(octets_);
  const wire::RdataNames layout = wire::rdata_names(type);
  if (layout.compression != wire::Compression::Write) return writer.put(rdata);
  std::span<const std::uint8_t> rest(rdata);
  writer.put(rest.first(layout.before));
  rest = rest.subspan(layout.before);
  for (std::size_t i = 0; i < layout.names; ++i) {
    const auto name = wire::Name::from_wire(rest);
    if (!name) break;  // cannot be: the parser has checked
    add_name(*name);
    rest = rest.subspan(name->size());
  }
  writer.put(rest);
}

}  // namespace imrs::image

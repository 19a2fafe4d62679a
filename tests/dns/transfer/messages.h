// tests/dns/transfer/messages.h
// Responses of a primary, written octet by octet, with compression where a test wants it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "dns/wire/bytes.h"
#include "dns/wire/name.h"
#include "dns/wire/protocol.h"

namespace imrs::test {

using Octets = std::vector<std::uint8_t>;

inline constexpr std::uint16_t kId = 0x4711;
inline constexpr std::uint16_t kResponse = 0x8400;  // QR, AA

inline wire::Name name(const std::string& text) { return wire::Name::parse(text).value(); }

struct MessageSpec {
  std::uint16_t id = kId;
  std::uint16_t flags = kResponse;
  std::string question = "example.";  // empty: none
  std::uint16_t type = wire::rrtype::AXFR;
  std::vector<Octets> answers = {};
  std::vector<Octets> additional = {};
  Octets trailer = {};  // octets after the last record
};

inline Octets message(const MessageSpec& spec) {
  Octets out;
  wire::ByteWriter writer(out);
  writer.u16(spec.id);
  writer.u16(spec.flags);
  writer.u16(spec.question.empty() ? 0 : 1);
  writer.u16(static_cast<std::uint16_t>(spec.answers.size()));
  writer.u16(0);
  writer.u16(static_cast<std::uint16_t>(spec.additional.size()));
  if (!spec.question.empty()) {
    writer.put(name(spec.question).wire());
    writer.u16(spec.type);
    writer.u16(wire::rrclass::IN);
  }
  for (const Octets& record : spec.answers) writer.put(record);
  for (const Octets& record : spec.additional) writer.put(record);
  writer.put(spec.trailer);
  return out;
}

// The length of TCP in front.
inline Octets framed(const Octets& body) {
  Octets out;
  wire::ByteWriter writer(out);
  writer.u16(static_cast<std::uint16_t>(body.size()));
  writer.put(body);
  return out;
}

inline Octets record(std::span<const std::uint8_t> owner, std::uint16_t type,
                     std::span<const std::uint8_t> rdata, std::uint16_t record_class = wire::rrclass::IN) {
  Octets out;
  wire::ByteWriter writer(out);
  writer.put(owner);
  writer.u16(type);
  writer.u16(record_class);
  writer.u32(3600);
  writer.u16(static_cast<std::uint16_t>(rdata.size()));
  writer.put(rdata);
  return out;
}

inline Octets record(const std::string& owner, std::uint16_t type, const Octets& rdata,
                     std::uint16_t record_class = wire::rrclass::IN) {
  return record(name(owner).wire(), type, rdata, record_class);
}

inline Octets soa_rdata(std::uint32_t serial, const std::string& primary = "ns.example.") {
  Octets out;
  wire::ByteWriter writer(out);
  writer.put(name(primary).wire());
  writer.put(name("admin.example.").wire());
  for (const std::uint32_t number : {serial, 1800U, 900U, 604800U, 86400U}) writer.u32(number);
  return out;
}

inline Octets soa(std::uint32_t serial) { return record("example.", wire::rrtype::SOA, soa_rdata(serial)); }

inline Octets ns() {
  const auto target = name("ns.example.");
  return record("example.", wire::rrtype::NS, {target.wire().begin(), target.wire().end()});
}

inline Octets a(const std::string& owner, std::uint8_t last) {
  return record(owner, wire::rrtype::A, {192, 0, 2, last});
}

inline Octets joined(const std::vector<Octets>& parts) {
  Octets out;
  for (const Octets& part : parts) out.insert(out.end(), part.begin(), part.end());
  return out;
}

}  // namespace imrs::test

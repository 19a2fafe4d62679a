// Checks the NSEC chain. Called by the verifier after the signatures: a genuine NSEC that belongs to
// another version of the zone is caught here.
#include "dns/zone/nsec.h"

#include <algorithm>

#include "dns/wire/bytes.h"
#include "dns/wire/protocol.h"
#include "dns/wire/text.h"

namespace imrs::zone {
namespace {

constexpr std::size_t kMaxWindowSize = 32;  // octets, RFC 4034 section 4.1.2

Error broken(const ChainLink& link, std::string_view why) {
  return Error{Errc::Refused, link.owner->text() + " NSEC " + std::string(why)};
}

std::string list(const std::set<std::uint16_t>& types) {
  std::string out;
  for (const std::uint16_t type : types) out += (out.empty() ? "" : " ") + wire::type_text(type);
  return out;
}

}  // namespace

Result<Nsec> Nsec::read(const Rdata& rdata) {
  auto next = wire::Name::from_wire(rdata);
  if (!next) return next.error();
  Nsec out;
  out.next = std::move(*next);
  const std::span<const std::uint8_t> octets(rdata);
  wire::ByteReader reader(octets.subspan(out.next.size()));
  while (reader.ok() && reader.remaining() > 0) {
    const unsigned window = reader.u8();
    const std::size_t size = reader.u8();
    if (size == 0 || size > kMaxWindowSize) {
      return Error{Errc::InvalidInput, "type bitmap window is not of 1 to 32 octets"};
    }
    const auto bits = reader.take(size);
    for (std::size_t i = 0; i < bits.size() * 8; ++i) {
      if ((bits[i / 8] & (0x80U >> (i % 8))) == 0) continue;
      out.types.insert(static_cast<std::uint16_t>(window << 8 | i));
    }
  }
  if (!reader.ok()) return Error{Errc::InvalidInput, "type bitmap runs past the end"};
  return out;
}

Result<void> check_nsec_chain(std::span<const ChainLink> links) {
  for (std::size_t i = 0; i < links.size(); ++i) {
    const ChainLink& link = links[i];
    const auto found = link.node->find(wire::rrtype::NSEC);
    if (found == link.node->end() || found->second.rdata.empty()) {
      return broken(link, "is missing");
    }
    if (found->second.rdata.size() != 1) return broken(link, "is there more than once");
    auto nsec = Nsec::read(found->second.rdata.front());
    if (!nsec) return broken(link, "is malformed: " + nsec.error().message);
    const wire::Name& next = *links[(i + 1) % links.size()].owner;
    if (nsec->next != next) {
      return broken(link, "names " + nsec->next.text() + " as next, the zone has " + next.text());
    }
    if (nsec->types != link.types) {
      return broken(link, "lists " + list(nsec->types) + ", the name has " + list(link.types));
    }
  }
  return {};
}

}  // namespace imrs::zone

// Reads and answers NOTIFY. Called by the pipeline's listener.
#include "dns/transfer/notify.h"

#include "dns/wire/bytes.h"
#include "dns/wire/protocol.h"

namespace imrs::transfer {
namespace {

constexpr std::uint16_t kOpcode = 0x7800, kNotify = 0x2000;

Error no_notify(std::string_view why) { return Error{Errc::InvalidInput, "no NOTIFY: " + std::string(why)}; }

}  // namespace

Result<Notify> read_notify(Bytes message) {
  if (message.size() < wire::kHeaderSize) return no_notify("shorter than a header");
  wire::ByteReader header(message);
  Notify notify;
  notify.id = header.u16();
  const std::uint16_t flags = header.u16();
  if ((flags & wire::flag::QR) != 0) return no_notify("a response");
  if ((flags & kOpcode) != kNotify) return no_notify("another opcode");
  if (header.u16() != 1) return no_notify("not one question");
  std::size_t position = wire::kHeaderSize;
  auto origin = read_name(message, position);
  if (!origin) return origin.error();
  wire::ByteReader question(message.subspan(position));
  const std::uint16_t type = question.u16(), rclass = question.u16();
  if (!question.ok() || type != wire::rrtype::SOA || rclass != wire::rrclass::IN) {
    return no_notify("the question is not a SOA of class IN");
  }
  notify.origin = std::move(*origin);
  return notify;
}

std::vector<std::uint8_t> make_notify_response(const Notify& notify, std::uint16_t rcode) {
  std::vector<std::uint8_t> out;
  wire::ByteWriter writer(out);
  writer.u16(notify.id);
  writer.u16(static_cast<std::uint16_t>(wire::flag::QR | wire::flag::AA | kNotify | rcode));
  writer.u16(1);
  for (int section = 0; section < 3; ++section) writer.u16(0);
  writer.put(notify.origin.wire());
  writer.u16(wire::rrtype::SOA);
  writer.u16(wire::rrclass::IN);
  return out;
}

}  // namespace imrs::transfer

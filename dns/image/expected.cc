// What the agent's probes ask and what they must get. Called by health. It shares the image with the
// responder, and no code that reads queries or writes headers.
#include "dns/image/expected.h"

#include <algorithm>
#include <array>
#include <optional>

#include "dns/image/lookup.h"
#include "dns/wire/bytes.h"
#include "dns/wire/protocol.h"

namespace imrs::image {
namespace {

using namespace wire;

void write_question(ByteWriter& writer, const ProbeQuestion& question) {
  writer.put(question.name.wire());
  writer.u16(question.type);
  writer.u16(rrclass::IN);
}

// `reason`: an extended error (RFC 8914), 0: none.
void write_opt(ByteWriter& writer, std::uint16_t udp_size, bool dnssec_ok, std::uint16_t reason) {
  writer.u8(0);
  writer.u16(rrtype::OPT);
  writer.u16(udp_size);
  writer.u16(0);  // extended rcode, version
  writer.u16(dnssec_ok ? kDnssecOk : 0);
  writer.u16(reason != 0 ? 6 : 0);
  if (reason == 0) return;
  for (const std::uint16_t word : {option::ExtendedError, std::uint16_t{2}, reason}) writer.u16(word);
}

// A name right after `owner` in canonical order that no zone here holds: owner's label with a "-"
// more, which is a label of its own unless the label is full.
std::optional<Name> name_after(const Name& owner) {
  const auto label = owner.wire().subspan(1, owner.wire()[0]);
  std::vector<std::uint8_t> longer(label.begin(), label.end());
  longer.push_back('-');
  auto name = owner.parent().child(longer);
  if (!name) return std::nullopt;
  return std::move(*name);
}

constexpr std::array kApexTypes{rrtype::SOA, rrtype::NS, rrtype::DNSKEY};
constexpr std::size_t kPerName = 3;

ProbeQuestion question_in(const View& view, const ZoneRecord& zone, std::size_t index) {
  const auto origin = Name::from_wire({view.octets(zone.origin), zone.origin_size});
  if (index < kApexTypes.size()) return {*origin, kApexTypes[index], true};
  index -= kApexTypes.size();
  const Sorted& entry = (&view.at<Sorted>(zone.sorted))[index / kPerName];
  const auto owner = Name::from_wire({view.octets(entry.name), kMaxNameSize});
  const std::uint16_t types[kPerName] = {rrtype::NS, rrtype::DS, rrtype::A};
  const std::uint16_t type = types[index % kPerName];
  if (type != rrtype::A || owner->is_root()) return {*owner, type, true};
  return {name_after(*owner).value_or(*owner), type, true};
}

std::size_t questions_in(const ZoneRecord& zone) {
  return kApexTypes.size() + std::size_t{zone.sorted_count} * kPerName;
}

}  // namespace

std::vector<std::uint8_t> make_query(const ProbeQuestion& question, std::uint16_t id,
                                     std::uint16_t udp_size) {
  std::vector<std::uint8_t> out;
  ByteWriter writer(out);
  for (const std::uint16_t word :
       {id, std::uint16_t{0}, std::uint16_t{1}, std::uint16_t{0}, std::uint16_t{0}, std::uint16_t{1}}) {
    writer.u16(word);
  }
  write_question(writer, question);
  write_opt(writer, udp_size, question.dnssec_ok, 0);
  return out;
}

std::vector<std::uint8_t> expected_response(const Image& image, const ProbeQuestion& question,
                                            std::uint16_t id, std::uint16_t udp_size, bool tcp) {
  constexpr std::size_t kOptSize = 11;
  const std::size_t limit = tcp ? 65535 : std::clamp<std::size_t>(udp_size, kMinUdpResponse, kMaxUdpResponse);
  const Found found = find(View(image), question.name.lower().wire(), question.type, question.dnssec_ok);
  std::vector<std::uint8_t> out;
  ByteWriter writer(out);
  out.resize(kHeaderSize);
  write_question(writer, question);
  const std::size_t start = out.size();
  Rendered rendered{.end = start, .flags = rcode::Refused};
  if (found.body != nullptr) {
    out.resize(65535);
    rendered = render(found, out.data(), start, limit, kOptSize);
    out.resize(rendered.end);
  }
  write_opt(writer, kMaxUdpResponse, question.dnssec_ok,
            found.body == nullptr ? extended_error::NotAuthoritative : std::uint16_t{0});
  store_u16(out.data(), id);
  store_u16(out.data() + 2, static_cast<std::uint16_t>(flag::QR | rendered.flags));
  store_u16(out.data() + 4, 1);
  store_u16(out.data() + 6, rendered.answers);
  store_u16(out.data() + 8, rendered.authorities);
  store_u16(out.data() + 10, static_cast<std::uint16_t>(rendered.additionals + 1));
  return out;
}

std::size_t question_count(const Image& image) {
  std::size_t count = 0;
  for (const ZoneRecord& zone : View(image).zones()) count += questions_in(zone);
  return count;
}

ProbeQuestion question_at(const Image& image, std::size_t index) {
  const View view(image);
  index %= question_count(image);
  for (const ZoneRecord& zone : view.zones()) {
    if (index < questions_in(zone)) return question_in(view, zone, index);
    index -= questions_in(zone);
  }
  return {};
}

}  // namespace imrs::image

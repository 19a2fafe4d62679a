// Reads what imrs-zone has sent. Called by the audit child for each image. The sender is not trusted: a
// record is handed to ldns only within its own octets.
#include "dns/audit/zone_contents.h"

#include "dns/audit/ldns.h"
#include "dns/wire/bytes.h"

namespace imrs::audit {
namespace {

using Octets = std::span<const std::uint8_t>;
constexpr std::size_t kFixedPart = 10;  // type, class, TTL, rdlength

class Reading {
 public:
  explicit Reading(Octets octets) : rest_(octets) {}

  [[nodiscard]] bool at_end() const { return rest_.empty(); }

  Result<ZoneInput> zone() {
    auto origin = wire::Name::from_wire(rest_);
    if (!origin) return origin.error().within("origin of a zone");
    rest_ = rest_.subspan(origin->size());
    wire::ByteReader reader(rest_);
    const std::uint32_t count = reader.u32();
    if (!reader.ok()) return broken("ends before the number of records").within(origin->text());
    rest_ = rest_.subspan(reader.position());
    ZoneInput out{.origin = std::move(*origin), .records = make_records()};
    for (std::uint32_t i = 0; i < count; ++i) {
      auto taken = record(out);
      if (!taken) return taken.error().within(out.origin.text() + " record " + std::to_string(i + 1));
    }
    return out;
  }

 private:
  static Error broken(const char* what) { return Error{Errc::InvalidInput, what}; }

  Result<void> record(ZoneInput& out) {
    auto owner = wire::Name::from_wire(rest_);
    if (!owner) return owner.error();
    wire::ByteReader reader(rest_);
    reader.skip(owner->size() + kFixedPart - 2);
    const std::size_t rdata = reader.u16();
    reader.skip(rdata);
    if (!reader.ok()) return broken("ends within the record");
    const Octets whole = rest_.first(reader.position());
    rest_ = rest_.subspan(whole.size());
    ldns_rr* raw = nullptr;
    std::size_t end = 0;
    const auto status = ldns_wire2rr(&raw, whole.data(), whole.size(), &end, LDNS_SECTION_ANSWER);
    Ldns<ldns_rr> rr(status == LDNS_STATUS_OK ? raw : nullptr);
    if (status != LDNS_STATUS_OK) return broken(ldns_get_errorstr_by_id(status));
    if (end != whole.size()) return broken("the rdata is longer than its type allows");
    ldns_rr_list_push_rr(out.records.get(), rr.release());
    return {};
  }

  Octets rest_;
};

}  // namespace

Result<std::vector<ZoneInput>> read_zone_contents(Octets octets) {
  if (octets.size() > kMaxContents) return Error{Errc::Refused, "zone contents: over 128 MiB"};
  std::vector<ZoneInput> zones;
  for (Reading reading(octets); !reading.at_end();) {
    auto zone = reading.zone();
    if (!zone) return zone.error().within("zone contents");
    zones.push_back(std::move(*zone));
  }
  if (zones.empty()) return Error{Errc::InvalidInput, "zone contents: there are none"};
  return zones;
}

}  // namespace imrs::audit

// Puts the zones of an image together and seals it with its digest. Called by imrs-zone, and by tests.
#include "dns/image/compile.h"

#include <algorithm>
#include <cstring>

#include "dns/image/digest.h"
#include "dns/image/layout.h"
#include "dns/image/zone_compiler.h"

namespace imrs::image {
namespace {

Result<void> check_origins(std::span<const zone::VerifiedZone* const> zones) {
  if (zones.empty() || zones.size() > kMaxZones) {
    return Error{Errc::InvalidInput, "an image holds 1 to 16 zones"};
  }
  for (std::size_t i = 0; i < zones.size(); ++i) {
    for (std::size_t j = i + 1; j < zones.size(); ++j) {
      if (zones[i]->zone().origin != zones[j]->zone().origin) continue;
      return Error{Errc::InvalidInput, "zone " + zones[i]->zone().origin.text() + " is given twice"};
    }
  }
  return {};
}

}  // namespace

Result<std::vector<std::uint8_t>> compile(std::span<const zone::VerifiedZone* const> zones) {
  if (auto ok = check_origins(zones); !ok) return ok.error();
  std::vector<const zone::VerifiedZone*> deepest_first(zones.begin(), zones.end());
  std::ranges::stable_sort(deepest_first, std::greater{},
                           [](const zone::VerifiedZone* zone) { return zone->zone().origin.label_count(); });
  ImageWriter writer;
  FileHeader header{};
  (void)writer.append({reinterpret_cast<const std::uint8_t*>(&header), sizeof header});
  std::vector<ZoneRecord> records;
  for (const zone::VerifiedZone* zone : deepest_first) {
    auto record = ZoneCompiler(writer, *zone).run();
    if (!record) return record.error();
    records.push_back(*record);
  }
  header.zones = writer.append_array(records);
  header.zone_count = static_cast<std::uint32_t>(records.size());
  header.magic = kMagic;
  header.version = kFormatVersion;
  header.byte_order = kByteOrder;
  header.size = writer.bytes().size();
  if (header.size > kMaxImageSize) return Error{Errc::Refused, "the image would be over 64 MiB"};
  std::memcpy(writer.bytes().data(), &header, sizeof header);
  header.digest = digest_of(writer.bytes());
  std::memcpy(writer.bytes().data(), &header, sizeof header);
  return std::move(writer.bytes());
}

}  // namespace imrs::image

// Names to places. Called by Engine for each image. It must never move or rename a place: others read the
// table at any time, and the counts behind it stay.
#include "dns/engine/name_registry.h"

#include <algorithm>

#include "dns/image/lookup.h"
#include "dns/wire/name.h"

namespace imrs::engine {
namespace {

constexpr std::uint32_t kNoPlace = 0;

std::string text_of(const image::View& view, std::uint32_t offset, std::uint32_t size) {
  const auto name = wire::Name::from_wire({view.octets(offset), size});
  return name ? name->text() : "";
}

}  // namespace

NameRegistry::NameRegistry(counts::NameTable& table) : table_(table) {
  const auto used = std::min<std::uint64_t>(table_.used.load(std::memory_order_acquire), counts::kMaxNames);
  if (used == 0) table_.used.store(1, std::memory_order_release);  // place 0
  for (std::uint32_t place = 1; place < used; ++place) {
    std::string name;
    for (const auto& c : table_.names[place]) {
      const char octet = c.load(std::memory_order_relaxed);
      if (octet == '\0') break;
      name.push_back(octet);
    }
    places_.emplace(std::move(name), place);
  }
}

// The name is there before it is said that it is.
std::uint32_t NameRegistry::place_of(const std::string& name) {
  if (const auto known = places_.find(name); known != places_.end()) return known->second;
  const std::uint64_t place = table_.used.load(std::memory_order_relaxed);
  if (place >= counts::kMaxNames || name.empty() || name.size() >= counts::kNameSize) return kNoPlace;
  for (std::size_t i = 0; i < counts::kNameSize; ++i) {
    table_.names[place][i].store(i < name.size() ? name[i] : '\0', std::memory_order_relaxed);
  }
  table_.used.store(place + 1, std::memory_order_release);
  places_.emplace(name, static_cast<std::uint32_t>(place));
  return static_cast<std::uint32_t>(place);
}

NamePlaces NameRegistry::places_of(const image::Image& image) {
  const image::View view(image);
  NamePlaces out;
  for (std::uint32_t i = 0; i < view.zones().size(); ++i) {
    const image::ZoneRecord& zone = view.zones()[i];
    if (zone.origin_size == 1) out.root_zone = i;
    out.zones[i] = place_of(text_of(view, zone.origin, zone.origin_size));
    out.first_delegation[i] = static_cast<std::uint32_t>(out.delegations.size());
    out.delegations.resize(out.delegations.size() + zone.delegations, kNoPlace);
    for (const image::Slot& slot : std::span(&view.at<image::Slot>(zone.slots), zone.slot_count)) {
      if (slot.node == 0) continue;
      const auto& node = view.at<image::Node>(slot.node);
      if (node.number == 0) continue;
      out.delegations[out.first_delegation[i] + node.number - 1] = place_of(
          text_of(view, node.name, node.name_size));
    }
  }
  return out;
}

}  // namespace imrs::engine

// dns/engine/name_registry.h
// Gives the delegations and zones of each new image their places in the shared NameTable. Used by the control
// thread only, before the workers see the image.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "agent/counts/pages.h"
#include "dns/image/image.h"
#include "dns/image/layout.h"

namespace imrs::engine {

// Where what an answer is about is counted. Read by the workers.
struct NamePlaces {
  std::array<std::uint32_t, image::kMaxZones> zones{};             // the zone itself
  std::array<std::uint32_t, image::kMaxZones> first_delegation{};  // in `delegations`
  std::vector<std::uint32_t> delegations;      // by Node::number - 1, a zone after the other
  std::uint32_t root_zone = image::kMaxZones;  // index of "."; kMaxZones: the image has none

  [[nodiscard]] std::uint32_t place(std::uint32_t zone, std::uint32_t delegation) const noexcept {
    return delegation == 0 ? zones[zone] : delegations[first_delegation[zone] + delegation - 1];
  }
};

class NameRegistry {
 public:
  // Starts with the names that an engine before this one has left there. `table` must outlive it.
  explicit NameRegistry(counts::NameTable& table);

  [[nodiscard]] NamePlaces places_of(const image::Image& image);

 private:
  std::uint32_t place_of(const std::string& name);

  counts::NameTable& table_;
  std::unordered_map<std::string, std::uint32_t> places_;
};

}  // namespace imrs::engine

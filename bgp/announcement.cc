// From the desired set to commands. Called by the speaker after every look. It must never enable before
// it has disabled.
#include "bgp/announcement.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace imrs::bgp {
namespace {

constexpr std::string_view kSpecific = "specific", kCovering = "covering", kDrain = "drain";

Step step_to(const ProtocolWish& wish) {
  const std::string_view verb = wish.enabled ? "enable" : "disable";
  return {wish.name, wish.enabled, fmt::format("{} \"{}\"", verb, wish.name)};
}

bool has_a_role(const ProtocolRow& row) {
  return row.proto == "Static" &&
         std::ranges::any_of(std::array{kSpecific, kCovering, kDrain}, [&](std::string_view role) {
           return row.name.starts_with(protocol_name(role, ""));
         });
}

}  // namespace

std::string protocol_name(std::string_view role, std::string_view neighbour) {
  return fmt::format("{}_{}", role, neighbour);
}

std::vector<ProtocolWish> protocols_for(const AnnouncedSet& wanted) {
  std::vector<ProtocolWish> wishes;
  const auto add = [&](std::string_view role, bool Announcement::*part) {
    for (const auto& [neighbour, announced] : wanted) {
      wishes.push_back({protocol_name(role, neighbour), announced.*part});
    }
  };
  add(kSpecific, &Announcement::specific);
  add(kCovering, &Announcement::covering);
  add(kDrain, &Announcement::draining);
  std::ranges::stable_partition(wishes, [](const ProtocolWish& wish) { return !wish.enabled; });
  return wishes;
}

bool withdraws(const AnnouncedSet& before, const AnnouncedSet& after) {
  return std::ranges::any_of(before, [&](const auto& entry) {
    const auto& [neighbour, was] = entry;
    const Announcement& is = after.at(neighbour);
    return (was.specific && !is.specific) || (was.covering && !is.covering) || (was.draining && !is.draining);
  });
}

Plan make_plan(const AnnouncedSet& wanted, std::span<const ProtocolRow> seen) {
  Plan plan;
  const std::vector<ProtocolWish> wishes = protocols_for(wanted);
  for (const ProtocolRow& row : seen) {
    const bool known = std::ranges::count(wishes, row.name, &ProtocolWish::name) > 0;
    if (known || row.state == "down" || !has_a_role(row)) continue;
    plan.steps.push_back(step_to({.name = row.name, .enabled = false}));
  }
  for (const ProtocolWish& wish : wishes) {
    const auto row = std::ranges::find(seen, wish.name, &ProtocolRow::name);
    if (row == seen.end()) {
      plan.missing.push_back(wish.name);
      plan.lacks_wanted = plan.lacks_wanted || wish.enabled;
    } else if (row->state != (wish.enabled ? "up" : "down")) {
      plan.steps.push_back(step_to(wish));
    }
  }
  return plan;
}

bool exports_unwanted(const AnnouncedSet& wanted, const std::string& neighbour,
                      std::span<const ExportedRoute> routes) {
  const Announcement& announced = wanted.at(neighbour);
  return std::ranges::any_of(routes, [&](const ExportedRoute& route) {
    const auto from = [&](std::string_view role) { return route.protocol == protocol_name(role, neighbour); };
    return !(announced.specific && from(kSpecific)) && !(announced.covering && from(kCovering)) &&
           !(announced.draining && from(kDrain));
  });
}

std::vector<std::string> not_exported(const AnnouncedSet& wanted, const std::string& neighbour,
                                      std::span<const RoutedPrefix> prefixes,
                                      std::span<const ExportedRoute> routes) {
  const Announcement& announced = wanted.at(neighbour);
  std::vector<std::string> missing;
  for (const RoutedPrefix& one : prefixes) {
    const bool should = one.covering ? announced.covering : announced.specific || announced.draining;
    if (one.neighbour != neighbour || !should) continue;
    if (std::ranges::count(routes, one.prefix, &ExportedRoute::prefix) == 0) missing.push_back(one.prefix);
  }
  return missing;
}

}  // namespace imrs::bgp

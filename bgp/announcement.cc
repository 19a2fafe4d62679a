// From the desired set to commands. Called by the speaker after every look. It must never enable before
// it has disabled.
#include "bgp/announcement.h"

#include <fmt/format.h>

#include <algorithm>

namespace imrs::bgp {

std::string protocol_name(std::string_view role, Family family) {
  return fmt::format("{}_{}", role, family == Family::V4 ? "v4" : "v6");
}

std::vector<ProtocolWish> protocols_for(const AnnouncedSet& wanted) {
  std::vector<ProtocolWish> wishes;
  const auto add = [&](std::string_view role, bool FamilyAnnouncement::*part) {
    for (const Family family : kFamilies) {
      wishes.push_back({protocol_name(role, family), wanted.at(family).*part});
    }
  };
  add("specific", &FamilyAnnouncement::specific);
  add("covering", &FamilyAnnouncement::covering);
  add("drain", &FamilyAnnouncement::draining);
  std::ranges::stable_partition(wishes, [](const ProtocolWish& wish) { return !wish.enabled; });
  return wishes;
}

bool withdraws(const AnnouncedSet& before, const AnnouncedSet& after) {
  return std::ranges::any_of(kFamilies, [&](Family family) {
    const FamilyAnnouncement &was = before.at(family), &is = after.at(family);
    return (was.specific && !is.specific) || (was.covering && !is.covering) || (was.draining && !is.draining);
  });
}

Plan make_plan(const AnnouncedSet& wanted, std::span<const ProtocolRow> seen) {
  Plan plan;
  for (const ProtocolWish& wish : protocols_for(wanted)) {
    const auto row = std::ranges::find(seen, wish.name, &ProtocolRow::name);
    if (row == seen.end()) {
      plan.missing.push_back(wish.name);
      continue;
    }
    if (row->state == (wish.enabled ? "up" : "down")) continue;
    const std::string_view verb = wish.enabled ? "enable" : "disable";
    plan.steps.push_back({wish.name, wish.enabled, fmt::format("{} \"{}\"", verb, wish.name)});
  }
  return plan;
}

bool exports_unwanted(const AnnouncedSet& wanted, std::span<const ExportedRoute> routes) {
  const std::vector<ProtocolWish> wishes = protocols_for(wanted);
  return std::ranges::any_of(routes, [&](const ExportedRoute& route) {
    const auto wish = std::ranges::find(wishes, route.protocol, &ProtocolWish::name);
    return wish == wishes.end() || !wish->enabled;
  });
}

}  // namespace imrs::bgp

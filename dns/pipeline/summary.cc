// Words for what was verified. Called by `compile` and by the child, which sends them to the agent's log.
#include "dns/pipeline/summary.h"

#include <fmt/format.h>

#include "dns/wire/protocol.h"
#include "dns/wire/text.h"

namespace imrs::pipeline {

std::string summary_of(const zone::VerifiedZone& zone) {
  std::size_t sets = 0;
  for (const auto& [owner, node] : zone.zone().nodes) sets += node.size();
  const auto& apex = zone.zone().nodes.at(zone.zone().origin);
  const char* zonemd = zone.zonemd_verified()                ? "ZONEMD verified"
                       : apex.contains(wire::rrtype::ZONEMD) ? "ZONEMD not verified"
                                                             : "ZONEMD absent";
  const std::string signatures = zone.assurance() == zone::Assurance::Dnssec
                                     ? fmt::format("{} signatures verified (first ends {})",
                                                   zone.signatures_verified(),
                                                   wire::utc_text(zone.first_signature_end()))
                                     : "signatures not verified";
  return fmt::format("zone {} serial {}: {} RRsets, {}, {}", zone.zone().origin.text(), zone.serial(), sets,
                     signatures, zonemd);
}

}  // namespace imrs::pipeline

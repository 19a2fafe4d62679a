// The operator's policy on new versions. Called by ZoneSource after a version is verified. A primary that was
// given a broken zone signs and serves it all the same: what looks like that waits for a human.
#include "dns/pipeline/acceptance.h"

#include <fmt/format.h>

#include <algorithm>

#include "dns/transfer/serial.h"
#include "dns/wire/protocol.h"

namespace imrs::pipeline {
namespace {

bool is_delegation(const zone::Zone& zone, const wire::Name& owner, const zone::Node& node) {
  return owner != zone.origin && node.contains(wire::rrtype::NS);
}

// `which`: one of those that are gone, in words.
Result<void> check_share(const ZoneConfig& config, std::uint32_t serial, std::size_t removed, std::size_t all,
                         const std::string& which) {
  if (removed * 100 <= all * config.most_removed || config.accept_serial == serial) return {};
  return Error{Errc::Refused,
               fmt::format("serial {} is held: {} of {} delegations are gone{}, and "
                           "\"most_removed_percent\" is {}; if that is right, set the zone's "
                           "\"accept_serial\" to {}",
                           serial, removed, all, which, config.most_removed, serial),
               "held"};
}

}  // namespace

Result<void> check_serial(const ZoneConfig& config, std::uint32_t serial,
                          std::optional<std::uint32_t> served) {
  if (!served || !transfer::is_older(serial, *served) || config.accept_serial == serial) return {};
  return Error{Errc::Refused,
               fmt::format("serial {} goes back: {} is served (RFC 1982); raise it at the "
                           "primary, or set the zone's \"accept_serial\" to {}",
                           serial, *served, serial),
               "serial"};
}

Result<void> check_removed(const ZoneConfig& config, const zone::Zone& current, const zone::Zone& candidate,
                           std::uint32_t serial) {
  std::size_t all = 0, removed = 0;
  const wire::Name* one = nullptr;
  for (const auto& [owner, node] : current.nodes) {
    if (!is_delegation(current, owner, node)) continue;
    ++all;
    const auto there = candidate.nodes.find(owner);
    if (there != candidate.nodes.end() && is_delegation(candidate, owner, there->second)) continue;
    ++removed;
    if (one == nullptr) one = &owner;
  }
  return check_share(config, serial, removed, all, one != nullptr ? " (" + one->text() + " is one)" : "");
}

Result<void> check_removed(const ZoneConfig& config, const zone::Zone& candidate, std::uint32_t serial) {
  if (!config.served_delegations) return {};
  const auto there = static_cast<std::size_t>(std::ranges::count_if(
      candidate.nodes, [&](const auto& node) { return is_delegation(candidate, node.first, node.second); }));
  const std::size_t all = *config.served_delegations;
  return check_share(config, serial, all - std::min(all, there), all, "");
}

}  // namespace imrs::pipeline

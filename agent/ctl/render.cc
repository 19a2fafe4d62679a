// The text of imrsctl. Called by its main. What it prints is for people; --json is for programs.
#include "agent/ctl/render.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

namespace imrs::ctl {
namespace {

std::string time_text(std::int64_t unix_seconds) {
  if (unix_seconds == 0) return "never";
  const std::chrono::sys_seconds when{std::chrono::seconds(unix_seconds)};
  return fmt::format("{:%Y-%m-%d %H:%M:%S} UTC", when);
}

// The largest two units.
std::string length_text(std::int64_t seconds) {
  if (seconds < 0) seconds = 0;
  if (seconds < 60) return fmt::format("{} s", seconds);
  if (seconds < 3600) return fmt::format("{} min {} s", seconds / 60, seconds % 60);
  if (seconds < 86400) return fmt::format("{} h {} min", seconds / 3600, seconds / 60 % 60);
  return fmt::format("{} d {} h", seconds / 86400, seconds / 3600 % 24);
}

std::string line(std::string_view label, const std::string& value) {
  return fmt::format("  {:<18}{}\n", label, value);
}

std::string reason_text(const std::string& reason) { return reason.empty() ? "" : ": " + reason; }

std::string primary_text(const PrimaryState& primary, std::int64_t now) {
  const std::string serial = primary.serial != 0 ? fmt::format(" serial {}", primary.serial) : "";
  return fmt::format("{}: {}{}, {} ago{}", primary.primary, primary.result, serial,
                     length_text(now - primary.asked_ms / 1000), reason_text(primary.reason));
}

std::string refusals_text(const ZoneState& zone) {
  std::string out;
  for (const RefusalCount& one : zone.refusals) {
    if (one.count > 0) out += fmt::format("{}{} {}", out.empty() ? "" : ", ", one.reason, one.count);
  }
  return out.empty() ? "none" : out;
}

std::string verified_text(const ZoneState& zone) {
  return fmt::format("DNSSEC {}, ZONEMD {}", zone.dnssec_verified ? "yes" : "no",
                     zone.zonemd_verified ? "yes" : "no");
}

std::string one_zone(const ZoneState& zone, std::int64_t now) {
  std::string out = fmt::format("zone {}\n", zone.origin);
  if (zone.loaded_ms == 0) {
    out += line("serial", "not served");
  } else {
    out += line("serial", std::to_string(zone.serial));
    out += line("served for", length_text(now - zone.loaded_ms / 1000));
    out += line("verified", verified_text(zone));
    out += line("signatures end", time_text(zone.first_signature_end));
    out += line("confirmed", fmt::format("{}; expires {}", time_text(zone.confirmed),
                                         time_text(zone.confirmed + zone.expire)));
  }
  const std::string attempt = zone.last_attempt.empty() ? "none yet" : zone.last_attempt;
  out += line("last attempt",
              fmt::format("{} from {}, {} ago{}", attempt, zone.last_source.empty() ? "-" : zone.last_source,
                          length_text(now - zone.last_attempt_ms / 1000), reason_text(zone.last_reason)));
  out += line("next attempt", "in " + length_text(zone.next_attempt_ms / 1000 - now));
  for (const PrimaryState& primary : zone.primaries) out += line("primary", primary_text(primary, now));
  out += line("not taken", refusals_text(zone));
  return out;
}

std::string prefixes_text(const FamilyState& family) {
  std::string out;
  for (const PrefixState& prefix : family.prefixes) {
    out += line(prefix.prefix, fmt::format("{}, {}", prefix.wanted ? "wanted" : "not wanted",
                                           prefix.exported ? "exported" : "not exported"));
  }
  return out;
}

const ZoneState* find_zone(const Snapshot& snapshot, const std::string& origin) {
  const auto found = std::ranges::find(snapshot.zones, origin, &ZoneState::origin);
  return found == snapshot.zones.end() ? nullptr : &*found;
}

}  // namespace

std::string status_text(const Snapshot& snapshot) {
  std::string out = fmt::format("{} ({}, {}), version {}\n", snapshot.identity, snapshot.kind,
                                snapshot.appliance, snapshot.version);
  for (const FamilyState& family : snapshot.families) {
    out += fmt::format("{}: {}, {}announced: {}\n", to_string(family.family), family.phase,
                       family.announce ? "" : "not ", family.reason);
    out += prefixes_text(family);
  }
  for (const SessionState& session : snapshot.bgp.sessions) {
    out += fmt::format("session {}: {} with {} AS {}\n", session.name, session.state, session.neighbour,
                       session.neighbour_as);
  }
  for (const ZoneState& zone : snapshot.zones) {
    out += fmt::format("zone {}: serial {}\n", zone.origin, zone.serial);
  }
  for (const std::string& alarm : snapshot.alarms) out += "alarm: " + alarm + "\n";
  return out;
}

std::string zone_text(const Snapshot& snapshot, const std::string& origin) {
  const std::int64_t now = snapshot.time_ms / 1000;
  std::string out;
  for (const ZoneState& zone : snapshot.zones) {
    if (origin.empty() || zone.origin == origin) out += one_zone(zone, now);
  }
  if (out.empty()) return out;
  const LoadState& load = snapshot.load;
  out += fmt::format(
      "last new version: transfer {} ms, verify {} ms, compile {} ms, audit {} ms, swap {} ms\n",
      load.transfer, load.verify, load.compile, load.audit, load.swap);
  return out;
}

std::string zone_json(const Snapshot& snapshot, const std::string& origin) {
  const auto all = nlohmann::json::parse(to_json(snapshot));
  nlohmann::json out{{"zones", nlohmann::json::array()}, {"load", all.at("load")}};
  if (!origin.empty() && find_zone(snapshot, origin) == nullptr) return "null";
  for (const auto& zone : all.at("zones")) {
    if (origin.empty() || zone.at("origin") == origin) out["zones"].push_back(zone);
  }
  return out.dump(2);
}

}  // namespace imrs::ctl

// The text of imrsctl. Called by its main. What it prints is for people; --json is for programs.
#include "agent/ctl/render.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "agent/web/text.h"

namespace imrs::ctl {
namespace {

using web::duration_text;
using web::printable;
using web::utc_text;

constexpr const char* kRed = "31";
constexpr const char* kGreen = "32";

// A part of what to_json() makes of it.
std::string member_json(const Snapshot& snapshot, const char* member) {
  return nlohmann::json::parse(to_json(snapshot)).at(member).dump(2);
}

std::string line(std::string_view label, const std::string& value) {
  return fmt::format("  {:<18}{}\n", label, printable(value));
}

std::string reason_text(const std::string& reason) { return reason.empty() ? "" : ": " + reason; }

std::string primary_text(const PrimaryState& primary, std::int64_t now_ms) {
  const std::string serial = primary.serial != 0 ? fmt::format(" serial {}", primary.serial) : "";
  return fmt::format("{}: {}{}, {} ago{}", primary.primary, primary.result, serial,
                     duration_text(now_ms - primary.asked_ms), reason_text(primary.reason));
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

std::string one_zone(const ZoneState& zone, std::int64_t now_ms) {
  std::string out = fmt::format("zone {}\n", zone.origin);
  if (zone.loaded_ms == 0) {
    out += line("serial", "not served");
  } else {
    out += line("serial", std::to_string(zone.serial));
    out += line("served for", duration_text(now_ms - zone.loaded_ms));
    out += line("verified", verified_text(zone));
    out += line("signatures end", utc_text(zone.first_signature_end * 1000));
    out += line("confirmed", fmt::format("{}; expires {}", utc_text(zone.confirmed * 1000),
                                         utc_text((zone.confirmed + zone.expire) * 1000)));
  }
  const std::string attempt = zone.last_attempt.empty() ? "none yet" : zone.last_attempt;
  out += line("last attempt",
              fmt::format("{} from {}, {} ago{}", attempt, zone.last_source.empty() ? "-" : zone.last_source,
                          duration_text(now_ms - zone.last_attempt_ms), reason_text(zone.last_reason)));
  out += line("next attempt", "in " + duration_text(zone.next_attempt_ms - now_ms));
  for (const PrimaryState& primary : zone.primaries) out += line("primary", primary_text(primary, now_ms));
  out += line("not taken", refusals_text(zone));
  return out;
}

std::string prefixes_text(const DecisionState& family) {
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

bool is_healthy(const Snapshot& snapshot) {
  const auto goes = [](const DecisionState& decision) {
    return decision.announce && decision.phase == "up" &&
           std::ranges::all_of(decision.prefixes,
                               [](const PrefixState& prefix) { return prefix.wanted && prefix.exported; });
  };
  return !snapshot.decisions.empty() && snapshot.bgp.bird_connected &&
         std::ranges::all_of(snapshot.decisions, goes);
}

std::string status_text(const Snapshot& snapshot, bool colour) {
  std::string out = fmt::format("{} ({}, {}), version {}\n", snapshot.identity, snapshot.kind,
                                snapshot.appliance, snapshot.version);
  const auto painted = [&](const std::string& text, const char* code) {
    return colour ? fmt::format("\x1b[{}m{}\x1b[0m", code, text) : text;
  };
  for (const DecisionState& family : snapshot.decisions) {
    const bool good = family.announce && family.phase == "up";
    out += fmt::format("{} to {}: {}: {}\n", to_string(family.family),
                       family.neighbour.empty() ? "nobody" : family.neighbour,
                       painted(fmt::format("{}, {}announced", family.phase, family.announce ? "" : "not "),
                               good ? kGreen : kRed),
                       printable(family.reason));
    out += prefixes_text(family);
  }
  for (const SessionState& session : snapshot.bgp.sessions) {
    out += fmt::format("session {}: {} with {} AS {}\n", session.name, session.state, session.neighbour,
                       session.neighbour_as);
  }
  for (const ZoneState& zone : snapshot.zones) {
    out += fmt::format("zone {}: serial {}\n", zone.origin, zone.serial);
  }
  for (const std::string& alarm : snapshot.alarms) out += painted("alarm: " + printable(alarm), kRed) + "\n";
  return out;
}

std::string bgp_text(const Snapshot& snapshot) {
  std::string out;
  if (!snapshot.bgp.bird_connected)
    out += "BIRD cannot be asked: " + printable(snapshot.bgp.bird_error) + "\n";
  for (const SessionState& session : snapshot.bgp.sessions) {
    out += fmt::format("session {} with {} AS {}\n", session.name, session.neighbour, session.neighbour_as);
    out += line("state", session.state + (session.since.empty() ? "" : " since " + session.since));
    out += line("last error", session.last_error.empty() ? "none" : session.last_error);
    if (!session.message.empty()) out += line("their message", "\"" + session.message + "\"");
    for (const std::string& prefix : session.exported) out += line("announced", prefix);
    if (session.exported.empty()) out += line("announced", "nothing");
  }
  return out.empty() ? "no neighbour is configured\n" : out;
}

std::string bgp_json(const Snapshot& snapshot) { return member_json(snapshot, "bgp"); }

std::string probes_text(const Snapshot& snapshot) {
  std::string out = fmt::format("{:<40}{:<6}{:>7}  {:<14}{:>12}{:>8}{:>8}{:>12}{:>15}\n", "service", "by",
                                "worker", "last", "right", "wrong", "silent", "crowded out", "could not ask");
  for (const ProbeState& probe : snapshot.probes) {
    out += fmt::format("{:<40}{:<6}{:>7}  {:<14}{:>12}{:>8}{:>8}{:>12}{:>15}\n", probe.service,
                       to_string(probe.transport), probe.worker, probe.last.empty() ? "not yet" : probe.last,
                       probe.right, probe.wrong, probe.silent, probe.crowded_out, probe.could_not_ask);
  }
  return out;
}

std::string probes_json(const Snapshot& snapshot) { return member_json(snapshot, "probes"); }

std::string history_text(const std::vector<HistoryEntry>& history) {
  std::string out;
  for (const HistoryEntry& entry : history) {
    out += fmt::format("{}  {:<8}  {}\n", utc_text(entry.time_ms), entry.what, printable(entry.text));
  }
  return out.empty() ? "nothing has happened yet\n" : out;
}

std::string zone_text(const Snapshot& snapshot, const std::string& origin) {
  std::string out;
  for (const ZoneState& zone : snapshot.zones) {
    if (origin.empty() || zone.origin == origin) out += one_zone(zone, snapshot.time_ms);
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

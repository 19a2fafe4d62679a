// Metrics of the zones: what is served, where it came from, what was refused.
#include <algorithm>
#include <utility>

#include "agent/web/metric_families.h"

namespace imrs::web {
namespace {

template <typename Value>
void add_per_zone(const Snapshot& snapshot, Families& out, Metric metric, Value value) {
  for (const ZoneState& zone : snapshot.zones) metric.add({{"zone", zone.origin}}, value(zone));
  metric.into(out);
}

double seconds(std::int64_t ms) { return static_cast<double>(ms) / 1000; }

void add_zone_times(const Snapshot& snapshot, std::int64_t now_ms, Families& out) {
  Metric age = gauge("imrs_zone_age_seconds", "Time since the zone that is served went live.");
  Metric loaded = gauge("imrs_zone_loaded_timestamp_seconds",
                        "Unix time at which the zone that is served went live.");
  Metric signature = gauge("imrs_zone_first_signature_end_timestamp_seconds",
                           "Unix time at which the first signature of the zone expires.");
  Metric attempt = gauge("imrs_zone_last_attempt_timestamp_seconds",
                         "Unix time of the last attempt to get the zone.");
  Metric next = gauge("imrs_zone_next_attempt_timestamp_seconds",
                      "Unix time of the next attempt to get the zone, unless a NOTIFY comes before.");
  Metric confirmed = gauge("imrs_zone_confirmed_timestamp_seconds",
                           "Unix time, on the trusted clock, at which a primary last had the version served; "
                           "it expires imrs_zone_expire_seconds later.");
  for (const ZoneState& zone : snapshot.zones) {
    const Labels labels{{"zone", zone.origin}};
    if (zone.loaded_ms != 0) {
      age.add(labels, seconds(std::max<std::int64_t>(now_ms - zone.loaded_ms, 0)));
      loaded.add(labels, seconds(zone.loaded_ms));
    }
    if (zone.first_signature_end != 0) {
      signature.add(labels, static_cast<double>(zone.first_signature_end));
    }
    if (zone.last_attempt_ms != 0) attempt.add(labels, seconds(zone.last_attempt_ms));
    if (zone.next_attempt_ms != 0) next.add(labels, seconds(zone.next_attempt_ms));
    if (zone.confirmed != 0) confirmed.add(labels, static_cast<double>(zone.confirmed));
  }
  for (Metric* metric : {&age, &loaded, &signature, &attempt, &next, &confirmed}) metric->into(out);
}

void add_primaries(const Snapshot& snapshot, Families& out) {
  Metric up = gauge("imrs_zone_primary_good",
                    "1 if the primary gave or confirmed a version when it was last asked.");
  Metric serial = gauge("imrs_zone_primary_serial", "SOA serial that the primary last said; 0 if none.");
  for (const ZoneState& zone : snapshot.zones) {
    for (const PrimaryState& primary : zone.primaries) {
      const Labels labels{{"zone", zone.origin}, {"primary", primary.primary}};
      up.add(labels, primary.result == "loaded" || primary.result == "unchanged");
      serial.add(labels, std::uint64_t{primary.serial});
    }
  }
  up.into(out);
  serial.into(out);
}

void add_load(const Snapshot& snapshot, Families& out) {
  Metric phases = gauge("imrs_zone_load_phase_seconds",
                        "How long each phase of the last new version took, from the primary to the answers.");
  const LoadState& load = snapshot.load;
  const std::pair<const char*, std::uint32_t> all[] = {{"transfer", load.transfer},
                                                       {"verify", load.verify},
                                                       {"compile", load.compile},
                                                       {"audit", load.audit},
                                                       {"swap", load.swap}};
  for (const auto& [phase, ms] : all) phases.add({{"phase", phase}}, ms / 1000.0);
  phases.into(out);
}

}  // namespace

void add_zones(const Snapshot& snapshot, std::int64_t now_ms, Families& out) {
  const auto number = [](std::uint32_t value) { return static_cast<double>(value); };
  add_per_zone(snapshot, out, gauge("imrs_zone_serial", "SOA serial of the zone that is served."),
               [&](const ZoneState& zone) { return number(zone.serial); });
  add_zone_times(snapshot, now_ms, out);
  add_per_zone(snapshot, out, gauge("imrs_zone_expire_seconds", "SOA expire of the zone."),
               [&](const ZoneState& zone) { return number(zone.expire); });
  add_per_zone(snapshot, out,
               gauge("imrs_zone_dnssec_verified", "1 if every signature of the zone was verified."),
               [](const ZoneState& zone) { return zone.dnssec_verified; });
  add_per_zone(snapshot, out,
               gauge("imrs_zone_zonemd_verified", "1 if the zone's ZONEMD digest was verified."),
               [](const ZoneState& zone) { return zone.zonemd_verified; });
  Metric refusals = counter(
      "imrs_zone_refusals_total",
      "Attempts that brought a version that was not taken, or none, by what was wrong.");
  for (const ZoneState& zone : snapshot.zones) {
    for (const RefusalCount& one : zone.refusals) {
      refusals.add({{"zone", zone.origin}, {"reason", one.reason}}, one.count);
    }
  }
  refusals.into(out);
  Metric result = gauge("imrs_zone_last_attempt_result",
                        "1 for the outcome of the last attempt to get the zone, 0 for the others.");
  for (const ZoneState& zone : snapshot.zones) {
    for (const char* name : {"loaded", "unchanged", "unreachable", "refused"}) {
      result.add({{"zone", zone.origin}, {"result", name}}, zone.last_attempt == name);
    }
  }
  result.into(out);
  add_primaries(snapshot, out);
  add_load(snapshot, out);
}

}  // namespace imrs::web

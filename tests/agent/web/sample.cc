#include "sample.h"

namespace imrs::web {
namespace {

DecisionState up_family(Family family, std::vector<PrefixState> prefixes) {
  return {.family = family,
          .neighbour = family == Family::V4 ? "host4" : "host6",
          .phase = "up",
          .overlay = "none",
          .announce = true,
          .reason = "every target answers right",
          .since_ms = kNow - 3'600'000,
          .prefixes = std::move(prefixes)};
}

SessionState established(const std::string& name, Family family, const std::string& neighbour,
                         std::vector<std::string> exported) {
  return {.name = name,
          .family = family,
          .neighbour = neighbour,
          .neighbour_as = 64500,
          .local_as = 20144,
          .state = "Established",
          .since = "2026-11-24 11:00:00.123",
          .last_error = "",
          .message = "",
          .exported = std::move(exported)};
}

void add_routes(Snapshot& s) {
  s.decisions = {up_family(Family::V4, {{"199.7.83.0/24", "specific", true, true},
                                        {"199.7.82.0/23", "covering", true, true}}),
                 up_family(Family::V6, {{"2001:500:9f::/48", "specific", true, true},
                                        {"2001:500:3::/48", "specific", true, true},
                                        {"2001:500:9e::/47", "covering", true, true}})};
  s.bgp.bird_connected = true;
  s.bgp.sessions = {established("host4", Family::V4, "192.0.2.1", {"199.7.83.0/24", "199.7.82.0/23"}),
                    established("host6", Family::V6, "2001:db8:100::1",
                                {"2001:500:9f::/48", "2001:500:3::/48", "2001:500:9e::/47"})};
}

void add_dns(Snapshot& s) {
  s.zones = {{.origin = ".",
              .serial = 2026112401,
              .loaded_ms = kNow - 90'000,
              .first_signature_end = 1'796'000'000,
              .expire = 604800,
              .dnssec_verified = true,
              .zonemd_verified = true,
              .last_attempt = "unchanged",
              .last_source = "192.0.2.53 port 53",
              .last_serial = 2026112401,
              .last_reason = "",
              .last_attempt_ms = kNow - 30'000,
              .next_attempt_ms = kNow + 60'000,
              .confirmed = kNow / 1000 - 30,
              .primaries = {{.primary = "192.0.2.53 port 53",
                             .result = "unchanged",
                             .serial = 2026112401,
                             .reason = "",
                             .asked_ms = kNow - 30'000},
                            {.primary = "192.0.2.54 port 53",
                             .result = "refused",
                             .serial = 2026112402,
                             .reason = "zone .: <bad>",
                             .asked_ms = kNow - 40'000}},
              .refusals = {{"dnssec", 7}, {"other", 0}}}};
  s.load = {.transfer = 11, .verify = 120, .compile = 80, .audit = 700, .swap = 12};
  s.probes = {{.service = "199.7.83.42",
               .family = Family::V4,
               .transport = Transport::Tcp,
               .worker = 1,
               .last = "right",
               .right = 4711,
               .wrong = 2,
               .silent = 3,
               .crowded_out = 4,
               .could_not_ask = 5}};
  s.links = {{.device = "eth0",
              .carrier = true,
              .receive_bytes = 36000000001,
              .transmit_bytes = 480000000001,
              .receive_packets = 400000000,
              .transmit_packets = 500000000,
              .receive_drops = 17}};
}

}  // namespace

Snapshot healthy() {
  Snapshot s;
  s.time_ms = kNow;
  s.identity = "fra02.l.example";
  s.kind = "single";
  s.appliance = "calypso";
  s.version = "0.1.0";
  s.started_ms = kNow - 86'400'000;
  s.image_generation = 7;
  s.image_digest = "9f86d081884c7d659a2feaa0c55ad015";
  add_routes(s);
  add_dns(s);
  s.programs = {{.name = "imrs-engine", .pid = 812, .restarts = 4},
                {.name = "imrs-zone", .pid = 0, .restarts = 9}};
  return s;
}

Snapshot withdrawn(const std::string& reason) {
  Snapshot s = healthy();
  for (DecisionState& family : s.decisions) {
    family.phase = "down";
    family.announce = false;
    family.reason = reason;
    for (PrefixState& prefix : family.prefixes) prefix.wanted = prefix.exported = false;
  }
  for (SessionState& session : s.bgp.sessions) session.exported.clear();
  return s;
}

Snapshot with_session_down(Family family, const std::string& state, const std::string& last_error,
                           const std::string& message) {
  Snapshot s = healthy();
  for (SessionState& session : s.bgp.sessions) {
    if (session.family != family) continue;
    session.state = state;
    session.last_error = last_error;
    session.message = message;
    session.exported.clear();
  }
  for (DecisionState& entry : s.decisions) {
    if (entry.family != family) continue;
    for (PrefixState& prefix : entry.prefixes) prefix.exported = false;
  }
  return s;
}

}  // namespace imrs::web

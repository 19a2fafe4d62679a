// tests/agent/ctl/config_samples.h
// A small configuration and what an agent says that runs it.
#pragma once

#include <string>

#include "agent/config/config.h"
#include "agent/snapshot/snapshot.h"

namespace imrs::ctl {

inline constexpr const char* kSampleConfig = R"({
  "instance": {"identity": "lab01.example", "kind": "single", "appliance": "calypso"},
  "management": {"address": "198.51.100.1"},
  "bgp": {"router_id": "192.0.2.1", "neighbours": [
    {"name": "host4", "address": "192.0.2.2", "source": "192.0.2.1", "as": 64500,
     "hold_time": 3, "keepalive_time": 1},
    {"name": "host6", "address": "2001:db8::2", "source": "2001:db8::1", "as": 64500,
     "hold_time": 3, "keepalive_time": 1}]},
  "zones": [{"origin": ".", "primaries": ["198.51.100.2"], "trust_anchors": ["/a"]}],
  "state_directory": "/var/lib/imrs",
  "engine": {"workers": 2},
  "web": {"noc": ["192.0.2.1:80"], "ops": ["127.0.0.1:9053"]},
  "users": {"agent": "1001:1001", "launcher": "1002:1002", "engine": "1003:1003", "zone": "1004:1004",
            "web": "1005:1005", "audit": "1006:1006"}})";

inline Config sample_config() { return *parse_config(kSampleConfig); }

inline DecisionState decision(const std::string& neighbour, Family family, const std::string& phase,
                              bool exported) {
  DecisionState out;
  out.neighbour = neighbour;
  out.family = family;
  out.phase = phase;
  out.reason = "because";
  out.announce = phase == "up" || phase == "falling";
  out.prefixes = {{"199.7.83.0/24", "specific", out.announce, exported}};
  return out;
}

// Both neighbours are up and are told everything.
inline Snapshot sample_snapshot() {
  Snapshot out;
  out.identity = "lab01.example";
  out.decisions = {decision("host4", Family::V4, "up", true), decision("host6", Family::V6, "up", true)};
  out.bgp.bird_connected = true;
  for (const char* name : {"host4", "host6"}) {
    SessionState session;
    session.name = name;
    session.state = "Established";
    out.bgp.sessions.push_back(session);
  }
  return out;
}

}  // namespace imrs::ctl

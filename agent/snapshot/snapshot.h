// agent/snapshot/snapshot.h
// What the agent tells imrs-web, once a second and at every change: the whole state, as one value.
// Sent as JSON over the web child's channel, one way. Holds no client address and no secret. What the engine
// counts is not in it: imrs-web reads that itself (agent/counts/).
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/family.h"
#include "agent/base/result.h"

namespace imrs {

struct PrefixState {
  std::string prefix;     // "199.7.83.0/24"
  std::string role;       // "specific" or "covering"
  bool wanted = false;    // the decision says: announce
  bool exported = false;  // BIRD says: exported to this neighbour
};

// What is decided about one neighbour.
struct DecisionState {
  Family family = Family::V4;
  std::string neighbour;      // name of its session; empty: no neighbour is of this family
  std::string phase;          // "down", "rising", "up", "falling"
  std::string overlay;        // what the operator wants: "none", "drain", "drained", "withdraw"
  bool announce = false;      // anything
  std::string reason;         // why it is as it is, in words
  std::int64_t since_ms = 0;  // Unix time in ms of the last phase change
  std::vector<PrefixState> prefixes;
};

struct SessionState {
  std::string name;  // BIRD's protocol name
  Family family = Family::V4;
  std::string neighbour;  // address
  std::uint32_t neighbour_as = 0;
  std::uint32_t local_as = 0;
  std::string state;                  // BGP state: "Established", "Idle", "Active", ... or "unknown"
  std::string since;                  // as BIRD prints it
  std::string last_error;             // BIRD's words; empty if none
  std::string message;                // RFC 9003 shutdown message from the peer; empty if none
  std::vector<std::string> exported;  // prefixes that BIRD exports to it now
};

struct BgpState {
  bool bird_connected = false;
  std::string bird_error;  // why not connected; empty when it is
  std::vector<SessionState> sessions;
};

// What one primary said when it was last asked.
struct PrimaryState {
  std::string primary;  // address and port
  std::string result;   // as ZoneState::last_attempt
  std::uint32_t serial = 0;
  std::string reason;
  std::int64_t asked_ms = 0;  // Unix time in ms
};

// Refused versions by what was wrong with them.
struct RefusalCount {
  std::string reason;  // a word: Error::topic
  std::uint64_t count = 0;
};

// How long the last version took from the primary to the answers, in ms.
struct LoadState {
  std::uint32_t transfer = 0, verify = 0, compile = 0, audit = 0, swap = 0;
};

struct ZoneState {
  std::string origin;
  std::uint32_t serial = 0;              // served now
  std::int64_t loaded_ms = 0;            // Unix time in ms at which it went live
  std::int64_t first_signature_end = 0;  // Unix time, 0: none
  std::uint32_t expire = 0;              // seconds, SOA
  bool dnssec_verified = false;
  bool zonemd_verified = false;
  std::string last_attempt;  // "loaded", "unchanged", "unreachable", "refused", ""
  std::string last_source;
  std::uint32_t last_serial = 0;
  std::string last_reason;
  std::int64_t last_attempt_ms = 0;
  std::int64_t next_attempt_ms = 0;  // Unix time in ms
  std::uint64_t axfr_octets = 0;     // of an AXFR of the version served; 0: not known
  std::int64_t confirmed = 0;        // trusted Unix time at which a primary last had the version served
  std::vector<PrimaryState> primaries;
  std::vector<RefusalCount> refusals;
};

// Counts since the agent started, of one probe target.
struct ProbeState {
  std::string service;  // address
  Family family = Family::V4;
  Transport transport = Transport::Udp;
  std::uint32_t worker = 0;
  std::string last;  // "right", "wrong", "silent", "crowded-out", "could-not-ask"
  std::uint64_t right = 0, wrong = 0, silent = 0, crowded_out = 0, could_not_ask = 0;
};

struct ProgramState {
  std::string name;      // "imrs-engine", ...
  std::int32_t pid = 0;  // 0: not running
  std::uint64_t restarts = 0;
};

// An interface that leads to a neighbour, and what has gone through it since it is there.
struct LinkState {
  std::string device;
  bool carrier = true;  // it is up, and there is somebody at the other end of its cable
  std::uint64_t receive_bytes = 0, transmit_bytes = 0;
  std::uint64_t receive_packets = 0, transmit_packets = 0;
  std::uint64_t receive_drops = 0;
};

// What a line of the history is about.
enum class Topic : std::uint8_t { Decision, Bird, Order, Engine, Program };
inline constexpr std::array kTopics{Topic::Decision, Topic::Bird, Topic::Order, Topic::Engine,
                                    Topic::Program};
[[nodiscard]] std::string_view to_string(Topic topic);  // "decision" ...

// Something that was seen or done, and when.
struct HistoryEntry {
  std::int64_t time_ms = 0;  // Unix time in ms
  std::string what;          // to_string() of a topic; perhaps of another version's
  std::string text;
  bool operator==(const HistoryEntry&) const = default;
};

struct Snapshot {
  std::int64_t time_ms = 0;  // Unix time in ms
  std::string identity, kind, appliance, version;
  std::int64_t started_ms = 0;
  std::uint64_t image_generation = 0;
  std::string image_digest;  // hex, empty before the first
  std::vector<DecisionState> decisions;
  BgpState bgp;
  std::vector<ZoneState> zones;
  LoadState load;
  std::vector<ProbeState> probes;
  std::vector<ProgramState> programs;
  std::vector<LinkState> links;
  bool clock_synchronised = false;
  std::vector<std::string> alarms;    // what is wrong now, in words
  std::vector<HistoryEntry> history;  // the newest few, oldest first
};

[[nodiscard]] std::string to_json(const Snapshot& snapshot);
// Refuses what is not such a JSON text, naming the member.
[[nodiscard]] Result<Snapshot> snapshot_from_json(std::string_view text);

// All of the history, as imrsctl asks for it.
[[nodiscard]] std::string history_json(std::span<const HistoryEntry> history);
[[nodiscard]] Result<std::vector<HistoryEntry>> history_from_json(std::string_view text);

}  // namespace imrs

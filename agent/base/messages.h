// agent/base/messages.h
// Every message between the agent and its children: fixed size, native byte order (both ends are
// the same build on the same machine), `type` first. The descriptors that go along are named here.
// Text fields are NUL-terminated and cut to fit.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace imrs {

template <std::size_t N>
struct FixedText {
  std::array<char, N> chars{};

  FixedText() = default;
  FixedText& operator=(std::string_view text) {
    chars = {};
    std::memcpy(chars.data(), text.data(), std::min(text.size(), N - 1));
    return *this;
  }
  [[nodiscard]] std::string str() const { return std::string(chars.data(), ::strnlen(chars.data(), N)); }
};

using Digest = std::array<std::uint8_t, 32>;

// ---- agent <-> launcher ------------------------------------------------------------------------

enum class Program : std::uint32_t { Engine, Zone, Web, Audit };
inline constexpr std::size_t kPrograms = 4;

// agent -> launcher, with the child's end of its channel. The child gets it as descriptor
// kChildChannelFd and is started as `PROGRAM --child` (the auditor as `imrs-zone --audit-child`).
struct LaunchStart {
  static constexpr std::uint32_t kType = 0x4c01;
  std::uint32_t type = kType;
  Program program = Program::Engine;
};
inline constexpr int kChildChannelFd = 3;

// launcher -> agent: the child's pid; or pid = 0 and the reason.
struct LaunchStarted {
  static constexpr std::uint32_t kType = 0x4c02;
  std::uint32_t type = kType;
  Program program = Program::Engine;
  std::int32_t pid = 0;
  FixedText<256> failure;
};

// agent -> launcher: SIGKILL to that pid, if it is still the launcher's child.
struct LaunchKill {
  static constexpr std::uint32_t kType = 0x4c03;
  std::uint32_t type = kType;
  std::int32_t pid = 0;
};

// agent -> launcher: SIGKILL to the process whose pidfd comes with it: BIRD, when it does not obey.
struct LaunchKillBird {
  static constexpr std::uint32_t kType = 0x4c05;
  std::uint32_t type = kType;
};

// agent -> launcher: open the programs anew; what is started from now on is what is there now. What cannot be
// opened stays as it was.
struct LaunchReload {
  static constexpr std::uint32_t kType = 0x4c06;
  std::uint32_t type = kType;
};

// launcher -> agent: the child has ended; wait status as of waitpid(2).
struct LaunchExited {
  static constexpr std::uint32_t kType = 0x4c04;
  std::uint32_t type = kType;
  Program program = Program::Engine;
  std::int32_t pid = 0;
  std::int32_t wait_status = 0;
};

// ---- agent -> engine ---------------------------------------------------------------------------

// First message; with the memfd of the counts (agent/counts/pages.h).
struct EngineSetup {
  static constexpr std::uint32_t kType = 0x4501;
  std::uint32_t type = kType;
  std::uint32_t workers = 0;
  std::uint32_t sockets = 0;     // in all the EngineSockets messages that follow
  std::uint32_t rate_limit = 0;  // responses a second of one answer to one prefix by UDP; 0: no limit
  std::array<std::uint64_t, 2> rate_key{};    // random
  std::array<std::uint64_t, 2> source_key{};  // of the sketches of sources: the fleet's, or this instance's
  FixedText<256> identity;                    // NSID, hostname.bind, id.server
};

// What the responder needs besides the image. Before the first image, and at any time later.
struct EngineSettings {
  static constexpr std::uint32_t kType = 0x4504;
  static constexpr std::size_t kMaxSecrets = 3;
  static constexpr std::size_t kMaxDenied = 16;
  std::uint32_t type = kType;
  std::uint32_t secret_count = 0;  // 0: no cookies
  std::uint32_t denied_count = 0;
  std::array<std::array<std::uint8_t, 16>, kMaxSecrets> secrets{};  // RFC 9018; the first makes cookies
  std::array<std::uint64_t, kMaxDenied> denied{};                   // WorkerPage::fatal: drop these questions
  std::uint32_t expired = 0;  // bit i: the image's zone i is too old, answer SERVFAIL
};

// One socket. `probe` marks the worker's private socket, which only the agent's probes reach: it is
// read first, never counted as traffic. TCP sockets are listening already; all are non-blocking.
struct SocketRole {
  std::uint8_t worker = 0;
  std::uint8_t transport = 0;  // 0 UDP, 1 TCP
  std::uint8_t family = 0;     // 0 IPv4, 1 IPv6
  std::uint8_t service = 0;    // index of the service address
  std::uint8_t probe = 0;
};

// With `count` descriptors, in the order of `roles`. Sent as often as needed.
struct EngineSockets {
  static constexpr std::uint32_t kType = 0x4502;
  static constexpr std::size_t kMax = 128;
  std::uint32_t type = kType;
  std::uint32_t count = 0;
  std::array<SocketRole, kMax> roles{};
};

// With the sealed image memfd. May come again at any time: swap to it.
struct EngineImage {
  static constexpr std::uint32_t kType = 0x4503;
  std::uint32_t type = kType;
  std::uint64_t generation = 0;  // counts up; workers report it in their pages
  Digest digest{};
};

// ---- engine -> agent ---------------------------------------------------------------------------

// Every worker now answers from this generation.
struct EngineServing {
  static constexpr std::uint32_t kType = 0x4511;
  std::uint32_t type = kType;
  std::uint64_t generation = 0;
};

// Setup or image not accepted. After a refused setup the engine ends; after a refused image it goes
// on with the one it has. If it has accepted an image and a worker does not take it in time, it
// ends without a word: the next engine is offered that image once more.
struct EngineRefused {
  static constexpr std::uint32_t kType = 0x4512;
  std::uint32_t type = kType;
  std::uint64_t generation = 0;  // 0: the setup
  FixedText<256> reason;
};

// ---- agent -> zone -----------------------------------------------------------------------------

// First message; with a sealed memfd of JSON: "zones", "tsig_keys", "management" and "state_directory" of
// agent.json, validated; and perhaps a UDP and a TCP socket that NOTIFY comes to. A zone that is served has
// its "served_serial" and "served_delegations" (numbers) besides: nothing older is sent (RFC 1982), and
// nothing that drops too many delegations, also by a child that has just started.
struct ZoneSetup {
  static constexpr std::uint32_t kType = 0x5a01;
  std::uint32_t type = kType;
  std::uint32_t clock_synchronised = 0;  // TrustedClock's: 1 if it is
  std::int64_t clock_offset = 0;         // TrustedClock's
};

// The trusted clock has been set right: it was wrong before, or not known to be right.
struct ZoneClock {
  static constexpr std::uint32_t kType = 0x5a02;
  std::uint32_t type = kType;
  std::uint32_t clock_synchronised = 0;
  std::int64_t clock_offset = 0;
};

// ---- zone -> agent -----------------------------------------------------------------------------

// A new verified image, with its sealed memfd; and for the auditor another one with the records of its zones
// (dns/audit/zone_contents.h). What is in it says the image itself.
struct ZoneImage {
  static constexpr std::uint32_t kType = 0x5a11;
  std::uint32_t type = kType;
  Digest digest{};
  std::uint32_t load_ms = 0;  // from asking the primary to the sealed image; of that:
  std::uint32_t transfer_ms = 0, verify_ms = 0, compile_ms = 0;
  FixedText<256> summary;   // for the log: serials, RRsets, signatures verified, times
  FixedText<256> oddities;  // records that are served around; empty: none
};

// The outcome of one attempt to get or verify one zone. Nothing that is served changes by it.
struct ZoneReport {
  static constexpr std::uint32_t kType = 0x5a12;
  enum class State : std::uint32_t { Loaded, Unchanged, Unreachable, Refused };
  std::uint32_t type = kType;
  State state = State::Unchanged;
  FixedText<64> origin;           // presentation form, "." for the root
  FixedText<128> source;          // file name, or address and port of the primary
  std::uint32_t serial = 0;       // 0 if it was not learnt
  FixedText<512> reason;          // Refused, Unreachable: which record, what, why
  FixedText<16> topic;            // the same in a word (Error::topic)
  std::uint32_t next_ms = 0;      // until the next attempt
  std::uint32_t axfr_octets = 0;  // Loaded: of an AXFR of this version
  std::uint32_t confirmed = 0;    // 1: a source has the current version, `confirmed_serial`: it is fresh
  std::uint32_t confirmed_serial = 0;
  // When a source confirmed it, Unix time on the trusted clock; 0: now. Another time comes from the disk, and
  // belongs to what is there, also if that was refused (`confirmed` is 0 then).
  std::int64_t confirmed_at = 0;
};

// What one primary said in such an attempt; before its ZoneReport.
struct PrimaryReport {
  static constexpr std::uint32_t kType = 0x5a14;
  std::uint32_t type = kType;
  ZoneReport::State state = ZoneReport::State::Unchanged;
  FixedText<64> origin;
  FixedText<64> primary;     // as transfer::Primary::text() says
  std::uint32_t serial = 0;  // 0 if it was not learnt
  FixedText<256> reason;     // Refused, Unreachable
};

// It does not hang: at least every three minutes, also while a transfer or a verification goes on.
struct ZoneAlive {
  static constexpr std::uint32_t kType = 0x5a15;
  std::uint32_t type = kType;
};

// What does not keep the zones from being looked after, but has to be seen to: the disk.
struct ZoneTrouble {
  static constexpr std::uint32_t kType = 0x5a13;
  std::uint32_t type = kType;
  FixedText<512> text;  // empty: over
};

// ---- agent -> auditor --------------------------------------------------------------------------

// First message; with a sealed memfd of the same JSON as ZoneSetup.
struct AuditSetup {
  static constexpr std::uint32_t kType = 0x4101;
  std::uint32_t type = kType;
};

// With two sealed memfds: the image, and the records of its zones (dns/audit/zone_contents.h).
struct AuditRequest {
  static constexpr std::uint32_t kType = 0x4102;
  std::uint32_t type = kType;
  Digest digest{};       // of the image
  std::int64_t now = 0;  // trusted Unix time that signatures are judged by
  // 1: it was audited before and is only looked at again, at a later time; it is not kept on disk anew,
  // for its age counts from when a primary had it.
  std::uint32_t again = 0;
  std::uint32_t reserved = 0;
};

// ---- auditor -> agent --------------------------------------------------------------------------

struct AuditVerdict {
  static constexpr std::uint32_t kType = 0x4111;
  std::uint32_t type = kType;
  std::uint32_t passed = 0;  // 1: every answer of the image with that digest is right
  std::uint32_t audit_ms = 0;
  Digest digest{};
  FixedText<512> text;  // passed: what was asked, in numbers; otherwise the question and what is wrong
};

// ---- agent -> web ------------------------------------------------------------------------------

// First message; with a sealed memfd of JSON (agent/config/web_settings.h), the memfd of the counts
// (agent/counts/pages.h), for reading only, and then the listening TCP sockets: `noc_sockets` of the NOC
// listener, then `ops_sockets` of the ops listener.
struct WebSetup {
  static constexpr std::uint32_t kType = 0x5701;
  std::uint32_t type = kType;
  std::uint32_t noc_sockets = 0;
  std::uint32_t ops_sockets = 0;
};

// A snapshot is sent as kWebSnapshot (four octets) followed by JSON text (agent/snapshot/snapshot.h); one
// that is too large for a message as the four octets alone, with a sealed memfd of the text.
inline constexpr std::uint32_t kWebSnapshot = 0x5702;

}  // namespace imrs

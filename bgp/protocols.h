// bgp/protocols.h
// What BIRD's `show` commands say, as values. Pure. BIRD's times are taken as text: they are shown, and
// compared only for being the same.
#pragma once

#include <string>
#include <vector>

#include "agent/base/result.h"
#include "bgp/reply.h"

namespace imrs::bgp {

// One row of `show protocols`.
struct ProtocolRow {
  std::string name;
  std::string proto;  // "Static", "BGP"
  std::string table;  // "---" if none
  std::string state;  // up, start, down, stop, flush
  std::string since;  // "2026-11-24 12:26:10.308" with `timeformat protocol iso long ms`
  std::string info;   // BGP: its state and last error; empty if there is nothing to say
  bool operator==(const ProtocolRow&) const = default;
};

// Errc::Refused if BIRD refused the command; Errc::InvalidInput if a row cannot be understood.
[[nodiscard]] Result<std::vector<ProtocolRow>> parse_protocols(const Reply& reply);

// True if this reply to `show protocols` names every protocol that BIRD has: it came to its end, and BIRD had
// to leave no row out ("8000-<line overflow>").
[[nodiscard]] bool is_whole_table(const Reply& reply);

// One BGP protocol of `show protocols all`.
struct SessionDetails {
  std::string state;       // "Established", "Idle", "Down", ...
  std::string last_error;  // gone once Established
  std::string message;     // RFC 9003, as BIRD prints it; stays when the session is up again
  bool operator==(const SessionDetails&) const = default;
};

// Errc::Refused as above; Errc::InvalidInput if this is no BGP protocol.
[[nodiscard]] Result<SessionDetails> parse_session(const Reply& reply);

// One line of `show route export NAME`: a prefix sent to that neighbour, and the protocol it is from.
struct ExportedRoute {
  std::string prefix;
  std::string protocol;
  bool operator==(const ExportedRoute&) const = default;
};

// Nothing for a session that is not up ("9001 No valid tables"). Errc::Refused if BIRD refused the
// command for another reason.
[[nodiscard]] Result<std::vector<ExportedRoute>> parse_exported(const Reply& reply);

// "BIRD refused `command`: 8003 No protocols match".
[[nodiscard]] Error refusal(std::string_view command, const Reply& reply);

}  // namespace imrs::bgp

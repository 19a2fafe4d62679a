// From a snapshot to what it means for each session and prefix. Called for every page. It never calls a
// prefix announced unless an established session exports it.
#include "agent/web/status.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "agent/web/verdict.h"

namespace imrs::web {
namespace {

using Words = std::pair<std::string_view, std::string_view>;

constexpr std::array kStates{
    Words{"Idle", "Not trying now: waiting after an error, or the link is down."},
    Words{"Connect",
          "No answer to our TCP connection (port 179). Check that the neighbour is reachable, that its "
          "BGP is running and that both sides have the same MD5 password."},
    Words{"Active", "Waiting a moment before connecting again."},
    Words{"OpenSent", "TCP is up; the neighbour has not sent its OPEN. Check TTL security on its side."},
    Words{"OpenConfirm", "OPENs exchanged; waiting for the neighbour's KEEPALIVE."},
    Words{"Passive", "Waiting for the neighbour to connect."},
    Words{"Close", "Closing."},
    Words{"Down", "Switched off on this side."},
    Words{"unknown", "BIRD has not been asked yet."}};

// BIRD's classes of errors, and who saw the error.
constexpr std::array kErrorClasses{Words{"Received: ", "The neighbour closed the session: "},
                                   Words{"BGP Error: ", "This side closed the session: "},
                                   Words{"Automatic shutdown: ", "This side switched the session off: "},
                                   Words{"Socket: ", "TCP: "}, Words{"Error: ", "On this side: "}};

std::string explain_state(std::string_view state) {
  const auto* known = std::ranges::find(kStates, state, &Words::first);
  return std::string(known == kStates.end() ? "" : known->second);
}

std::string explain_error(std::string_view error) {
  for (const auto& [prefix, words] : kErrorClasses) {
    if (error.starts_with(prefix)) return std::string(words).append(error.substr(prefix.size()));
  }
  return std::string(error);
}

std::string why_withheld(const DecisionState& family, const PrefixState& prefix, bool established) {
  if (!prefix.wanted) return family.reason;
  return established ? "wanted, but BIRD does not export it" : "the session is not established";
}

SessionStatus session_status(const Snapshot& snapshot, const SessionState& session) {
  SessionStatus status;
  status.session = &session;
  status.established = session.state == "Established";
  if (!status.established) status.explanation = explain_state(session.state);
  status.last_error = explain_error(session.last_error);
  if (status.established) status.announced = session.exported;
  for (const DecisionState& family : snapshot.decisions) {
    if (family.neighbour != session.name) continue;
    for (const PrefixState& prefix : family.prefixes) {
      if (std::ranges::count(status.announced, prefix.prefix) > 0) continue;
      status.withheld.push_back({prefix.prefix, why_withheld(family, prefix, status.established)});
    }
  }
  return status;
}

PrefixStatus prefix_status(const DecisionState& family, const PrefixState& prefix,
                           const std::vector<SessionStatus>& sessions) {
  PrefixStatus status{&family, &prefix, {}};
  for (const SessionStatus& session : sessions) {
    if (session.session->name != family.neighbour) continue;
    if (std::ranges::count(session.announced, prefix.prefix) > 0) {
      status.exported_to.push_back(session.session);
    }
  }
  return status;
}

}  // namespace

std::string_view to_string(Level level) {
  switch (level) {
    case Level::Good: return "good";
    case Level::Warning: return "warning";
    case Level::Bad: return "bad";
    case Level::Unknown: return "unknown";
  }
  return "unknown";
}

Status status_of(const Snapshot& snapshot, std::int64_t now_ms) {
  Status status;
  status.age_ms = std::max<std::int64_t>(now_ms - snapshot.time_ms, 0);
  status.stale = status.age_ms > kStaleAfterMs;
  for (const SessionState& session : snapshot.bgp.sessions) {
    status.sessions.push_back(session_status(snapshot, session));
  }
  for (const DecisionState& family : snapshot.decisions) {
    for (const PrefixState& prefix : family.prefixes) {
      status.prefixes.push_back(prefix_status(family, prefix, status.sessions));
    }
  }
  status.verdict = verdict_of(snapshot, status);
  if (status.stale) status.verdict = when_stale(status.verdict, status.age_ms);
  return status;
}

}  // namespace imrs::web

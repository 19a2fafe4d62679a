// agent/orders.h
// What the operator asks of a running agent, and its answers. Pure.
//
// A request is one line on the control socket: a word ("status", "history"; "counters", which is answered
// with WebSettings and a descriptor of the counts) or a JSON object:
//   {"do": "drain" | "withdraw" | "resume", "family": "ipv4" | "ipv6", "neighbour": NAME, "reason": TEXT}
//   {"do": "upgrade", "program": PATH}
//   {"do": "waive", "check": NAME, "until": UNIX TIME}     {"do": "end-waiver", "check": NAME}
// Family, neighbour, reason and program may be left out: then all are meant, and the program as it is on
// disk. What stands then comes back to imrsctl (agent/snapshot/standing_orders.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "agent/base/family.h"
#include "agent/base/result.h"
#include "agent/expiry.h"
#include "agent/snapshot/standing_orders.h"
#include "health/decision.h"

namespace imrs::agent {

struct Request {
  enum class Kind { Status, History, Counters, Overlay, Waive, EndWaiver, Upgrade } kind = Kind::Status;
  health::Overlay overlay = health::Overlay::None;  // Drain, Withdraw, or None to resume
  std::optional<Family> family;
  std::string neighbour;  // empty: all
  std::string reason;
  SharedCheck check = SharedCheck::SoaExpire;
  std::int64_t until = 0;  // Unix time
  std::string program;     // empty: the file that runs now, as it is on disk
};
// Errc::InvalidInput names what is wrong with it.
[[nodiscard]] Result<Request> parse_request(std::string_view line);

// Errc::InvalidInput names those that there are.
[[nodiscard]] Result<SharedCheck> parse_check(const std::string& name);

// StandingOrders::start of an agent that has not taken over from another.
[[nodiscard]] std::string new_start();

// The answer to an order that was carried out: {"text": ..., "stands": StandingOrders as text}; without the
// latter if nothing of that has changed.
[[nodiscard]] std::string done_json(const std::string& text);
[[nodiscard]] std::string done_json(const std::string& text, const StandingOrders& now);
[[nodiscard]] std::string error_json(const std::string& why);

}  // namespace imrs::agent

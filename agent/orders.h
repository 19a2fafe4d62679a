// agent/orders.h
// What the operator asks of a running agent, and which of it stands. Pure.
//
// A request is one line on the control socket: a word ("status", "history"; "counters", which is answered
// with WebSettings and a descriptor of the counts) or a JSON object:
//   {"do": "drain" | "withdraw" | "resume", "family": "ipv4" | "ipv6", "neighbour": NAME, "reason": TEXT}
//   {"do": "upgrade", "program": PATH}
//   {"do": "waive", "check": NAME, "until": UNIX TIME}     {"do": "end-waiver", "check": NAME}
// Family, neighbour, reason and program may be left out: then all are meant, and the program as it is on
// disk. The agent does not write to disk; what stands comes back to imrsctl, which keeps it in a file that
// the agent reads when it starts.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/family.h"
#include "agent/base/result.h"
#include "agent/expiry.h"
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

struct StandingOrders {
  struct Overlaid {
    std::string neighbour;
    health::Overlay overlay = health::Overlay::None;  // Drain or Withdraw
    std::string reason;
    bool operator==(const Overlaid&) const = default;
  };
  struct Waived {
    SharedCheck check = SharedCheck::SoaExpire;
    std::int64_t until = 0;
    bool operator==(const Waived&) const = default;
  };
  std::vector<Overlaid> overlaid;
  std::vector<Waived> waived;
  bool operator==(const StandingOrders&) const = default;
};

[[nodiscard]] std::string to_json(const StandingOrders& orders);
[[nodiscard]] Result<StandingOrders> parse_standing_orders(std::string_view json_text);

// Where they are kept in the state directory.
inline constexpr std::string_view kOrdersFile = "orders.json";
// Nothing stands if there is no such file. Call as root.
[[nodiscard]] Result<StandingOrders> read_standing_orders(const std::string& state_directory);

// The answer to an order that was carried out: {"text": ..., "keep": {"file": ..., "content": ...}};
// without a state directory no "keep".
[[nodiscard]] std::string done_json(const std::string& text, const StandingOrders& now,
                                    const std::string& state_directory);
[[nodiscard]] std::string error_json(const std::string& why);

}  // namespace imrs::agent

// agent/snapshot/standing_orders.h
// What the operator has ordered and not taken back, as the agent tells it and as it lies on disk. The agent
// writes nothing to disk: imrsctl keeps what stands, and the agent reads it when it starts.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/result.h"

namespace imrs {

struct StandingOrders {
  struct Overlaid {
    std::string neighbour;
    std::string order;  // "drain" or "withdraw"
    std::string reason;
    bool operator==(const Overlaid&) const = default;
  };
  struct Waived {
    std::string check;       // "soa-expire" or "signature-dates"
    std::int64_t until = 0;  // Unix time
    bool operator==(const Waived&) const = default;
  };
  std::string start;         // of the agent, a word of its own for each; over an upgrade in place it stays
  std::uint64_t number = 0;  // how many orders it had taken up to this state
  std::vector<Overlaid> overlaid;
  std::vector<Waived> waived;
  bool operator==(const StandingOrders&) const = default;
};

[[nodiscard]] std::string to_json(const StandingOrders& orders);
// Errc::InvalidInput: not such a text. "start" and "number" may be missing.
[[nodiscard]] Result<StandingOrders> parse_standing_orders(std::string_view json_text);

// Its file in the state directory.
inline constexpr std::string_view kOrdersFile = "orders.json";
// Nothing stands if there is no such file, or no state directory (empty). Call as root.
[[nodiscard]] Result<StandingOrders> read_standing_orders(const std::string& state_directory);

// Makes it what lies there, whole and synced, for root alone; unless what lies there is of the same start and
// has a higher number: then two orders were given at a time, and the later one was quicker. A file that
// cannot be read is replaced. Errc::Unavailable: somebody else has kept the directory locked for two seconds.
[[nodiscard]] Result<void> keep_standing_orders(const StandingOrders& orders,
                                                const std::string& state_directory);

}  // namespace imrs

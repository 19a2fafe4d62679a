// agent/hand_over.h
// What an agent hands to the one that it becomes by execve(2): values as JSON, and the numbers of the
// descriptors that stay open. Moments are steady_clock's, which goes on over execve, in nanoseconds.
//
// The engine goes on unseen; the other programs are started anew. Nothing here comes from outside: the text
// is in a sealed memfd that the process made for itself.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/result.h"
#include "agent/config/config.h"
#include "agent/expiry.h"
#include "agent/snapshot/snapshot.h"

namespace imrs::agent {

struct HandedSocket {
  int fd = -1;
  int worker = 0, transport = 0, family = 0, service = 0, probe = 0;  // SocketRole
};

struct HandedEngine {
  std::int32_t pid = 0;
  int channel = -1, counters = -1, image = -1;
  std::string digest;  // of the image, hex
  std::uint64_t generation = 0, restarts = 0;
  std::int64_t started = 0;
  std::vector<HandedSocket> sockets;
  // AnswerPolicy
  std::vector<std::string> secrets;  // hex
  std::vector<std::uint64_t> denied, rate_key;
  bool own_secrets = false;
  std::int64_t renew_at = 0;
};

struct HandedDecision {
  std::string neighbour, family;
  std::vector<std::array<int, 2>> targets;  // rights, silences
  int phase = 0, overlay = 0, flaps = 0;
  std::string reason, order;
  bool expired = false, way_out = true;
  std::int64_t held_until = 0, up_since = 0, drain_began = 0, since_ms = 0;
};

struct HandedWaiver {
  std::string check;
  std::int64_t until = 0;
};

struct HandedOver {
  static constexpr int kVersion = 4;  // another one is refused: such a change needs a restart
  int version = kVersion;
  std::string shape;  // of the configuration; see shape_of()
  int launcher = -1, only_one = -1, tun = -1, control = -1;
  bool carrier = false, link_up = false;
  std::vector<int> notify, noc, ops;
  HandedEngine engine;
  std::vector<HandedDecision> decisions;
  std::vector<HandedWaiver> waivers;
  std::vector<HistoryEntry> history;
  std::int64_t clock_offset = 0, clock_floor = 0, started_ms = 0;
  std::map<std::string, Confirmation> confirmed;  // ZoneLink::confirmed()
  std::string start;                              // StandingOrders::start, and its number
  std::uint64_t order_number = 0;
  bool clock_synchronised = false;

  // All of them, for who has to keep them open.
  [[nodiscard]] std::vector<int> descriptors() const;
};

[[nodiscard]] std::string to_json(const HandedOver& state);
// Errc::InvalidInput: not such a text; Errc::Refused: of another version.
[[nodiscard]] Result<HandedOver> parse_handed_over(std::string_view json_text);

// What of the configuration cannot change without a restart: the device, the service addresses, the
// workers, the listeners, the users.
[[nodiscard]] std::string shape_of(const Config& config);

// Reads the text from the memfd, and sees that every descriptor it names is open.
[[nodiscard]] Result<HandedOver> read_handed_over(int memfd);

}  // namespace imrs::agent

// dns/pipeline/notify_listener.h
// Who may say that a zone has changed: a primary of that zone, by its key, or by its address where it has
// none.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/base/trusted_clock.h"
#include "agent/base/unique_fd.h"
#include "agent/config/config.h"
#include "dns/transfer/message.h"
#include "dns/transfer/tsig.h"

namespace imrs::pipeline {

class NotifyListener {
 public:
  struct Outcome {
    std::vector<std::uint8_t> response;  // empty: none
    std::optional<wire::Name> changed;   // the zone to look at
    std::string refused;                 // why not, for the log; empty: it was taken, or was no NOTIFY at all
  };

  // Bound to the management address, not blocking; `tcp` listens. Either may be none. Knot says NOTIFY by
  // TCP, NSD and BIND by UDP.
  struct Sockets {
    UniqueFd udp, tcp;
  };

  static constexpr std::size_t kMaxConnections = 8;  // of one more the oldest makes room
  static constexpr std::chrono::seconds kConnectionLimit{2};

  NotifyListener(Sockets sockets, const ZoneSettings& settings, std::vector<transfer::TsigKey> keys,
                 Clock clock);

  // Until something comes, but no longer than that.
  void wait(std::chrono::steady_clock::time_point until) const;

  // Reads and answers what waits, a bounded number of messages, without blocking; the zones to look at.
  // Refusals are logged once in ten seconds at most, with their number: strangers must not fill the log.
  [[nodiscard]] std::vector<wire::Name> read();

  // What becomes of one message. Pure but for the clock. `from`: the address in text.
  [[nodiscard]] Outcome judge(std::vector<std::uint8_t> message, const std::string& from) const;

 private:
  struct Connection {
    UniqueFd fd;
    std::string from;
    std::chrono::steady_clock::time_point end;
    transfer::MessageStream stream;
  };

  // The response, and into `changed` the zone to look at.
  std::vector<std::uint8_t> take(std::vector<std::uint8_t> message, const std::string& from,
                                 std::vector<wire::Name>& changed);
  void read_udp(std::vector<wire::Name>& changed);
  void accept_connections();
  // False: it is to be closed.
  bool read_connection(Connection& connection, std::vector<wire::Name>& changed);
  void log_refusal(const std::string& from, const std::string& why);

  Sockets sockets_;
  std::vector<Connection> connections_;  // the oldest first
  std::vector<ZoneConfig> zones_;
  std::vector<transfer::TsigKey> keys_;
  Clock clock_;
  std::uint64_t refusals_ = 0;  // since the last one that was logged
  std::chrono::steady_clock::time_point next_log_{};
};

}  // namespace imrs::pipeline

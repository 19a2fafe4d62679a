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
#include "dns/transfer/tsig.h"

namespace imrs::pipeline {

class NotifyListener {
 public:
  struct Outcome {
    std::vector<std::uint8_t> response;  // empty: none
    std::optional<wire::Name> changed;   // the zone to look at
    std::string refused;                 // why not, for the log; empty: it was taken, or was no NOTIFY at all
  };

  // `socket`: UDP, bound to the management address, not blocking; or none, then nothing ever comes.
  NotifyListener(UniqueFd socket, const ZoneSettings& settings, std::vector<transfer::TsigKey> keys,
                 Clock clock);

  [[nodiscard]] int fd() const noexcept { return socket_.get(); }

  // Reads and answers what waits, a bounded number of messages, without blocking; the zones to look at.
  // Refusals are logged once in ten seconds at most, with their number: strangers must not fill the log.
  [[nodiscard]] std::vector<wire::Name> read();

  // What becomes of one message. Pure but for the clock. `from`: the address in text.
  [[nodiscard]] Outcome judge(std::vector<std::uint8_t> message, const std::string& from) const;

 private:
  void log_refusal(const std::string& from, const std::string& why);

  UniqueFd socket_;
  std::vector<ZoneConfig> zones_;
  std::vector<transfer::TsigKey> keys_;
  Clock clock_;
  std::uint64_t refusals_ = 0;  // since the last one that was logged
  std::chrono::steady_clock::time_point next_log_{};
};

}  // namespace imrs::pipeline

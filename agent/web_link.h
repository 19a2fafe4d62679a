// agent/web_link.h
// The agent's side of imrs-web: its listening sockets, its settings, and a snapshot once a second and
// after each change. One way; what imrs-web does or does not do changes nothing here, but that one which
// hangs is killed, to be started again.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "agent/base/unique_fd.h"
#include "agent/config/config.h"
#include "agent/processes.h"
#include "agent/snapshot/snapshot.h"

namespace imrs::agent {

class WebLink {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::seconds kPatience{30};  // with one that reads nothing
  // One that hangs at each start must not push everything else out of the history.
  static constexpr std::chrono::hours kNotedAgain{1};

  // Opens the listeners, which stay here when imrs-web ends.
  [[nodiscard]] static Result<WebLink> open(const Config& config);

  // The listeners that an agent before this one has opened.
  [[nodiscard]] static WebLink adopt(const Config& config, std::vector<UniqueFd> noc,
                                     std::vector<UniqueFd> ops);
  [[nodiscard]] const std::string& settings() const noexcept { return settings_; }  // WebSettings as JSON
  [[nodiscard]] const std::vector<UniqueFd>& noc() const noexcept { return noc_; }
  [[nodiscard]] const std::vector<UniqueFd>& ops() const noexcept { return ops_; }

  // Keeps imrs-web running. `counters`: of the counts, for reading; must stay open. `current` makes the
  // snapshot that a new one starts with. `note`: why one was killed, for the history.
  void start(Processes& processes, int counters, std::function<Snapshot()> current,
             std::function<void(std::string)> note);

  // Drops the snapshot if imrs-web is not there or does not read. Call it every second: here is seen, too,
  // that it hangs.
  void send(const Snapshot& snapshot, Clock::time_point now = Clock::now());

 private:
  void send_setup() const;
  [[nodiscard]] Result<void> send_text(const std::string& text) const;
  void look_whether_it_reads(Clock::time_point now);

  std::string settings_;
  std::vector<UniqueFd> noc_;
  std::vector<UniqueFd> ops_;
  int counters_ = -1;
  Processes* processes_ = nullptr;  // until it is started
  std::function<void(std::string)> note_;
  // Of the imrs-web that runs.
  Clock::time_point read_at_{};  // when it was last seen to have read something, or everything
  std::size_t unread_ = 0;       // what it had left then, in octets
  bool killed_ = false;
  std::optional<Clock::time_point> noted_;  // in the history
  std::string complaint_;                   // the last one in the log
};

}  // namespace imrs::agent

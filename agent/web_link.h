// agent/web_link.h
// The agent's side of imrs-web: its listening sockets, its settings, and a snapshot once a second and
// after each change. One way; what imrs-web does or does not do changes nothing here.
#pragma once

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
  // Opens the listeners, which stay here when imrs-web ends.
  [[nodiscard]] static Result<WebLink> open(const Config& config);

  // The listeners that an agent before this one has opened.
  [[nodiscard]] static WebLink adopt(const Config& config, std::vector<UniqueFd> noc,
                                     std::vector<UniqueFd> ops);
  [[nodiscard]] const std::string& settings() const noexcept { return settings_; }  // WebSettings as JSON
  [[nodiscard]] const std::vector<UniqueFd>& noc() const noexcept { return noc_; }
  [[nodiscard]] const std::vector<UniqueFd>& ops() const noexcept { return ops_; }

  // Keeps imrs-web running. `counters`: of the counts, for reading; must stay open. `current` makes the
  // snapshot that a new one starts with.
  void start(Processes& processes, int counters, std::function<Snapshot()> current);

  // Drops the snapshot if imrs-web is not there or does not read.
  void send(const Snapshot& snapshot) const;

 private:
  void send_setup() const;

  std::string settings_;
  std::vector<UniqueFd> noc_;
  std::vector<UniqueFd> ops_;
  int counters_ = -1;
  Processes* processes_ = nullptr;  // until it is started
};

}  // namespace imrs::agent

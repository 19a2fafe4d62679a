// agent/web/server.h
// Both listeners and the channel on one loop, one thread. It keeps one snapshot, the last.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/channel.h"
#include "agent/base/unique_fd.h"
#include "agent/snapshot/snapshot.h"
#include "agent/web/limits.h"
#include "agent/web/telemetry.h"

namespace imrs::web {

struct Listeners {
  std::vector<UniqueFd> noc, ops;  // TCP sockets that listen
};

struct ServerSettings {
  Limits limits;
  std::string bird_zone = "UTC";                 // see noc_page.h
  std::function<std::int64_t()> now_ms;          // Unix time in ms
  std::function<void(const Error&)> on_problem;  // worth a log line; serving goes on
  WebSettings web;
  counts::Pages pages;  // of the counts, to be read
};

class Server {
 public:
  // Everything that opens a descriptor is done here, so that a sandbox can follow, but for the files of
  // web.state_directory and web.tls, which are opened at any time. Nothing is accepted before run().
  [[nodiscard]] static Result<std::unique_ptr<Server>> open(Listeners listeners, ServerSettings settings);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Snapshots (kWebSnapshot) come from there from now on; run() ends when the other end is closed. Call
  // before run().
  [[nodiscard]] Result<void> follow(Channel channel);

  // Shows this one. Call before run().
  void show(Snapshot snapshot);

  // Serves on the calling thread. An error: the channel broke in another way than by being closed.
  [[nodiscard]] Result<void> run();

 private:
  class Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace imrs::web

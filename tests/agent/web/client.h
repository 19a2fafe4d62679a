// tests/agent/web/client.h
// A plain blocking HTTP client with a deadline, and listening sockets for the server under test.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "agent/base/channel.h"
#include "agent/base/unique_fd.h"
#include "agent/snapshot/snapshot.h"

namespace imrs::web {

inline constexpr std::chrono::seconds kPatience{20};

struct TestListener {
  UniqueFd socket;  // on 127.0.0.1, non-blocking, as the agent opens it
  std::uint16_t port = 0;
};
[[nodiscard]] TestListener listen_somewhere();

class Client {
 public:
  explicit Client(std::uint16_t port);
  void send(std::string_view bytes) const;
  // Everything until the server closes; nothing if it does not within kPatience.
  [[nodiscard]] std::optional<std::string> read_to_end();
  // One reply with Content-Length (`head`: without a body); what came, if it is cut short.
  [[nodiscard]] std::string read_reply(bool head = false);

 private:
  [[nodiscard]] bool read_some();  // false: end, error or out of patience
  UniqueFd fd_;
  std::string buffer_;
  bool ended_ = false;
};

// One request on a connection of its own.
[[nodiscard]] std::string get(std::uint16_t port, std::string_view target);

// As the agent does it: WebSetup with settings and sockets; a snapshot.
void send_setup(const Channel& agent, int noc, int ops);
void send_snapshot(const Channel& agent, const Snapshot& snapshot);

}  // namespace imrs::web

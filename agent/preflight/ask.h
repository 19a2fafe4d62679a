// agent/preflight/ask.h
// Asks a name server one question, and waits.
#pragma once

#include <chrono>
#include <optional>

#include "agent/base/family.h"
#include "agent/config/config.h"
#include "agent/preflight/dns_message.h"

namespace imrs::preflight {

struct Server {
  IpAddress address;
  std::uint16_t port = 53;
  std::optional<IpAddress>
      source;  // an address of this machine and of the same family; else the kernel's choice
};

struct Patience {
  int tries = 2;                         // UDP; by TCP it is asked once
  std::chrono::milliseconds each{1500};  // of a try; of a TCP connection with all that it carries
};

// Blocks for tries * each at most.
[[nodiscard]] Exchange ask(const Server& server, Transport transport, const Question& question,
                           const Patience& patience = {});

}  // namespace imrs::preflight

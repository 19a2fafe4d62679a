// agent/service_sockets.h
// The listening sockets of every service address: owned by the agent for as long as it lives, lent to
// each engine in turn, so that the kernel keeps queueing while an engine is replaced. Per address and
// transport there are, for each worker, a public socket and a private one for the probes.
#pragma once

#include <cstdint>
#include <vector>

#include "agent/base/messages.h"
#include "agent/base/result.h"
#include "agent/base/unique_fd.h"
#include "agent/config/config.h"

namespace imrs::agent {

class ServiceSockets {
 public:
  struct Entry {
    SocketRole role;
    UniqueFd fd;
  };

  // Opens all of them, bound with IP_FREEBIND (the addresses come with anycast0, later), and attaches
  // the steering. Needs CAP_NET_BIND_SERVICE for port 53.
  [[nodiscard]] static Result<ServiceSockets> open(const ServiceConfig& service, std::uint32_t workers);

  // Those that an agent before this one has opened.
  explicit ServiceSockets(std::vector<Entry> entries) : entries_(std::move(entries)) {}
  ServiceSockets() = default;

  [[nodiscard]] const std::vector<Entry>& entries() const noexcept { return entries_; }

  // Packets and connections the kernel has dropped at that worker's sockets for want of room (SO_MEMINFO).
  // Only ever grows.
  struct Drops {
    std::uint64_t at_public = 0, at_private = 0;
  };
  [[nodiscard]] Drops drops(std::uint32_t service, Transport transport, std::uint32_t worker) const;

 private:
  [[nodiscard]] Result<void> open_group(const IpAddress& address, std::uint16_t port, std::uint8_t service,
                                        Transport transport, std::uint32_t workers);

  std::vector<Entry> entries_;
};

}  // namespace imrs::agent

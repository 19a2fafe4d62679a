// Opens the service sockets and reads their drop counters. Called once at start, and by every probe for
// the counters. The order within a group is what the steering counts on: public sockets first.
#include "agent/service_sockets.h"

#include <linux/sock_diag.h>
#include <sys/socket.h>

#include <array>

#include "agent/base/dns_sockets.h"
#include "agent/steering.h"

namespace imrs::agent {

Result<ServiceSockets> ServiceSockets::open(const ServiceConfig& service, std::uint32_t workers) {
  if (workers == 0 || workers > kMaxWorkers) {
    return Error{Errc::InvalidInput, "engine.workers is out of range; use 1 to 64"};
  }
  ServiceSockets sockets;
  for (std::size_t i = 0; i < service.addresses.size(); ++i) {
    for (const Transport transport : kTransports) {
      auto opened = sockets.open_group(service.addresses[i], service.port, static_cast<std::uint8_t>(i),
                                       transport, workers);
      if (!opened) return opened.error();
    }
  }
  return sockets;
}

Result<void> ServiceSockets::open_group(const IpAddress& address, std::uint16_t port, std::uint8_t service,
                                        Transport transport, std::uint32_t workers) {
  const std::size_t first = entries_.size();
  for (const std::uint8_t probe : {std::uint8_t{0}, std::uint8_t{1}}) {
    for (std::uint32_t worker = 0; worker < workers; ++worker) {
      DnsSocketOptions options;
      options.freebind = true;
      auto fd = open_dns_socket(address.family, transport, address.text, port, options);
      if (!fd) return fd.error();
      SocketRole role;
      role.worker = static_cast<std::uint8_t>(worker);
      role.transport = static_cast<std::uint8_t>(transport);
      role.family = static_cast<std::uint8_t>(address.family);
      role.service = service;
      role.probe = probe;
      entries_.push_back({role, std::move(*fd)});
    }
  }
  auto steered = attach_steering(entries_[first].fd.get(), address.family, workers);
  return steered ? steered : steered.error().within(address.text);
}

ServiceSockets::Drops ServiceSockets::drops(std::uint32_t service, Transport transport,
                                            std::uint32_t worker) const {
  Drops sum;
  for (const auto& [role, fd] : entries_) {
    if (role.service != service || role.worker != worker ||
        role.transport != static_cast<std::uint8_t>(transport)) {
      continue;
    }
    std::array<std::uint32_t, SK_MEMINFO_VARS> info{};
    socklen_t size = sizeof info;
    if (::getsockopt(fd.get(), SOL_SOCKET, SO_MEMINFO, info.data(), &size) == 0) {
      (role.probe != 0 ? sum.at_private : sum.at_public) += info[SK_MEMINFO_DROPS];
    }
  }
  return sum;
}

}  // namespace imrs::agent

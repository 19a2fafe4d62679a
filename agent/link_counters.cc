// Asks the kernel about an interface. Called by the thread of kernel_look, and by way_out there.
#include "agent/link_counters.h"

#include <linux/if_link.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "agent/base/unique_fd.h"
#include "agent/netlink_request.h"

namespace imrs::agent {

Result<LinkState> read_link_counters(const std::string& device) {
  if_stats_msg body{};
  body.ifindex = ::if_nametoindex(device.c_str());
  if (body.ifindex == 0) return system_error(device);
  body.filter_mask = IFLA_STATS_FILTER_BIT(IFLA_STATS_LINK_64);
  NetlinkRequest request(RTM_GETSTATS, 0, body);
  int refusal = 0;
  const auto message = request.ask(refusal);
  if (!message) return message.error().within(device);
  if (refusal != 0) return system_error(device, refusal);
  rtnl_link_stats64 stats{};
  if (message->size() < NLMSG_ALIGN(sizeof body)) return Error{Errc::System, device + ": short answer"};
  const auto found = find_attribute(message->subspan(NLMSG_ALIGN(sizeof body)), IFLA_STATS_LINK_64);
  std::memcpy(&stats, found.data(), std::min(found.size(), sizeof stats));
  const auto carrier = has_carrier(device);
  if (!carrier) return carrier.error();
  return LinkState{.device = device,
                   .carrier = *carrier,
                   .receive_bytes = stats.rx_bytes,
                   .transmit_bytes = stats.tx_bytes,
                   .receive_packets = stats.rx_packets,
                   .transmit_packets = stats.tx_packets,
                   .receive_drops = stats.rx_dropped + stats.rx_missed_errors};
}

Result<bool> has_carrier(const std::string& device) {
  const UniqueFd fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd) return system_error("socket");
  ifreq request{};
  device.copy(request.ifr_name, IFNAMSIZ - 1);
  if (::ioctl(fd.get(), SIOCGIFFLAGS, &request) != 0) return system_error(device);
  constexpr int kRunning = IFF_UP | IFF_RUNNING;
  return (request.ifr_flags & kRunning) == kRunning;
}

std::optional<LinkState> look_at_link(const std::string& device) {
  if (::if_nametoindex(device.c_str()) == 0) {
    return errno == ENODEV ? std::optional(LinkState{.device = device, .carrier = false}) : std::nullopt;
  }
  auto link = read_link_counters(device);
  return link ? std::optional(std::move(*link)) : std::nullopt;
}

}  // namespace imrs::agent

// What the device needs of rtnetlink. Called by AnycastDevice, and by the thread of kernel_look.
#include "agent/netlink.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>

#include <array>
#include <memory>
#include <string_view>

#include "agent/netlink_request.h"

namespace imrs::agent {
Result<void> add_service_address(int interface_index, const IpAddress& address) {
  const bool v4 = address.family == Family::V4;
  std::array<unsigned char, sizeof(in6_addr)> octets{};
  if (::inet_pton(v4 ? AF_INET : AF_INET6, address.text.c_str(), octets.data()) != 1) {
    return Error{Errc::InvalidInput, "not an IP address: " + address.text};
  }
  const std::size_t size = v4 ? sizeof(in_addr) : sizeof(in6_addr);
  ifaddrmsg body{};
  body.ifa_family = v4 ? AF_INET : AF_INET6;
  body.ifa_prefixlen = static_cast<std::uint8_t>(size * 8);
  body.ifa_flags = v4 ? 0 : IFA_F_NODAD;
  body.ifa_index = static_cast<std::uint32_t>(interface_index);
  NetlinkRequest request(RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, body);
  request.attribute(IFA_LOCAL, octets.data(), size);
  request.attribute(IFA_ADDRESS, octets.data(), size);
  if (!v4) {
    ifa_cacheinfo lifetimes{};
    lifetimes.ifa_prefered = 0;
    lifetimes.ifa_valid = 0xffffffff;  // for ever
    request.attribute(IFA_CACHEINFO, &lifetimes, sizeof lifetimes);
  }
  return request.perform("adding " + address.text);
}

Result<void> set_link_up(int interface_index, bool up) {
  ifinfomsg body{};
  body.ifi_family = AF_UNSPEC;
  body.ifi_index = interface_index;
  body.ifi_flags = up ? IFF_UP : 0;
  body.ifi_change = IFF_UP;
  return NetlinkRequest(RTM_NEWLINK, 0, body).perform(up ? "link up" : "link down");
}

// The index of one that is not listed is not asked for: the kernel would look for a module of its name.
Result<DeviceSeen> look_at_device(const std::string& name) {
  ifaddrs* first = nullptr;
  if (::getifaddrs(&first) != 0) return system_error("getifaddrs");
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owner(first, ::freeifaddrs);
  DeviceSeen seen;
  for (const ifaddrs* entry = first; entry != nullptr; entry = entry->ifa_next) {
    const std::string_view label = entry->ifa_name;  // of an address: perhaps with something after a colon
    if (label.substr(0, label.find(':')) != name) continue;
    if (seen.index == 0) seen.index = static_cast<int>(::if_nametoindex(name.c_str()));
    if (seen.index == 0) return system_error("index of " + name);
    if (entry->ifa_addr == nullptr || (entry->ifa_flags & IFF_UP) == 0) continue;
    const bool v4 = entry->ifa_addr->sa_family == AF_INET;
    if (!v4 && entry->ifa_addr->sa_family != AF_INET6) continue;
    const void* const octets = v4 ? static_cast<const void*>(
                                        &reinterpret_cast<const sockaddr_in*>(entry->ifa_addr)->sin_addr)
                                  : &reinterpret_cast<const sockaddr_in6*>(entry->ifa_addr)->sin6_addr;
    std::array<char, INET6_ADDRSTRLEN> text{};
    ::inet_ntop(entry->ifa_addr->sa_family, octets, text.data(), text.size());
    seen.addresses.insert(text.data());
  }
  return seen;
}

}  // namespace imrs::agent

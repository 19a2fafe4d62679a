// What the device needs of rtnetlink. Called by AnycastDevice.
#include "agent/netlink.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>

#include <array>
#include <memory>

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

Result<std::set<std::string>> addresses_of(int interface_index) {
  ifaddrs* first = nullptr;
  if (::getifaddrs(&first) != 0) return system_error("getifaddrs");
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owner(first, ::freeifaddrs);
  std::set<std::string> found;
  for (const ifaddrs* entry = first; entry != nullptr; entry = entry->ifa_next) {
    const bool ours = static_cast<int>(::if_nametoindex(entry->ifa_name)) == interface_index;
    if (!ours || entry->ifa_addr == nullptr || (entry->ifa_flags & IFF_UP) == 0) continue;
    const bool v4 = entry->ifa_addr->sa_family == AF_INET;
    if (!v4 && entry->ifa_addr->sa_family != AF_INET6) continue;
    const void* const octets = v4 ? static_cast<const void*>(
                                        &reinterpret_cast<const sockaddr_in*>(entry->ifa_addr)->sin_addr)
                                  : &reinterpret_cast<const sockaddr_in6*>(entry->ifa_addr)->sin6_addr;
    std::array<char, INET6_ADDRSTRLEN> text{};
    ::inet_ntop(entry->ifa_addr->sa_family, octets, text.data(), text.size());
    found.insert(text.data());
  }
  return found;
}

}  // namespace imrs::agent

// rtnetlink by hand: two kinds of request do not justify a library. Called by AnycastDevice.
#include "agent/netlink.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <linux/if_addr.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>

#include <array>
#include <cstring>
#include <memory>

#include "agent/base/unique_fd.h"

namespace imrs::agent {
namespace {

// A request under construction: header, fixed part, attributes.
class Request {
 public:
  template <typename Body>
  Request(std::uint16_t type, std::uint16_t flags, const Body& body) {
    header().nlmsg_len = NLMSG_LENGTH(sizeof body);
    header().nlmsg_type = type;
    header().nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | NLM_F_ACK | flags);
    std::memcpy(NLMSG_DATA(&header()), &body, sizeof body);
  }

  void attribute(std::uint16_t type, const void* data, std::size_t size) {
    const std::size_t at = NLMSG_ALIGN(header().nlmsg_len);
    rtattr head{};
    head.rta_len = static_cast<std::uint16_t>(RTA_LENGTH(size));
    head.rta_type = type;
    std::memcpy(bytes_.data() + at, &head, sizeof head);
    std::memcpy(bytes_.data() + at + RTA_LENGTH(0), data, size);
    header().nlmsg_len = static_cast<std::uint32_t>(at + RTA_ALIGN(RTA_LENGTH(size)));
  }

  // Sends and waits for the kernel's verdict.
  Result<void> perform(std::string_view what) {
    UniqueFd fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
    if (!fd) return system_error("netlink socket");
    if (::send(fd.get(), bytes_.data(), header().nlmsg_len, 0) < 0) return system_error(what);
    alignas(nlmsghdr) std::array<char, 4096> reply;
    const ssize_t size = ::recv(fd.get(), reply.data(), reply.size(), 0);
    if (size < static_cast<ssize_t>(NLMSG_LENGTH(sizeof(nlmsgerr)))) return system_error(what);
    nlmsgerr verdict;
    std::memcpy(&verdict, reply.data() + NLMSG_HDRLEN, sizeof verdict);
    if (verdict.error != 0) return system_error(what, -verdict.error);
    return {};
  }

 private:
  nlmsghdr& header() { return *reinterpret_cast<nlmsghdr*>(bytes_.data()); }

  alignas(nlmsghdr) std::array<char, 512> bytes_{};
};

}  // namespace

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
  Request request(RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, body);
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
  return Request(RTM_NEWLINK, 0, body).perform(up ? "link up" : "link down");
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

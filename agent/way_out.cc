// Asks the kernel which way an answer would take. Called by the supervisor a few times a second. It must not
// send a packet to anybody but the next hop.
#include "agent/way_out.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <linux/neighbour.h>
#include <net/if.h>
#include <sys/socket.h>

#include <array>
#include <cstring>
#include <span>
#include <system_error>

#include "agent/link_counters.h"
#include "agent/netlink_request.h"

namespace imrs::agent {
namespace {

// Somebody far away: K-root. Only looked up; what matters is which route covers it.
constexpr const char* kFarAway4 = "193.0.14.129";
constexpr const char* kFarAway6 = "2001:7fd::1";

int kernel_family(Family family) { return family == Family::V4 ? AF_INET : AF_INET6; }

std::span<const char> far_away(Family family, std::array<char, sizeof(in6_addr)>& octets) {
  const bool v4 = family == Family::V4;
  ::inet_pton(kernel_family(family), v4 ? kFarAway4 : kFarAway6, octets.data());
  return std::span<const char>(octets).first(v4 ? sizeof(in_addr) : sizeof(in6_addr));
}

std::string address_text(Family family, std::span<const char> octets) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (::inet_ntop(kernel_family(family), octets.data(), text.data(), text.size()) == nullptr) return "?";
  return text.data();
}

struct Route {
  rtmsg head{};
  int interface = 0;
  std::span<const char> gateway;  // empty: the destination is on the link
};

Route read_route(std::span<const char> message) {
  Route route;
  if (message.size() < sizeof route.head) return route;
  std::memcpy(&route.head, message.data(), sizeof route.head);
  const auto attributes = message.subspan(NLMSG_ALIGN(sizeof route.head));
  const auto interface = find_attribute(attributes, RTA_OIF);
  if (interface.size() == sizeof route.interface) {
    std::memcpy(&route.interface, interface.data(), sizeof route.interface);
  }
  route.gateway = find_attribute(attributes, RTA_GATEWAY);
  return route;
}

ndmsg neighbour_message(Family family, int interface) {
  ndmsg body{};
  body.ndm_family = static_cast<std::uint8_t>(kernel_family(family));
  body.ndm_ifindex = interface;
  return body;
}

// The kernel has asked for the next hop and got no answer.
Result<bool> has_failed(Family family, const Route& route) {
  NetlinkRequest request(RTM_GETNEIGH, 0, neighbour_message(family, route.interface));
  request.attribute(NDA_DST, route.gateway.data(), route.gateway.size());
  int refusal = 0;
  const auto message = request.ask(refusal);
  if (!message) return message.error();
  ndmsg head{};
  if (message->size() < sizeof head) return false;  // not known: not tried yet
  std::memcpy(&head, message->data(), sizeof head);
  return (head.ndm_state & NUD_FAILED) != 0;
}

// Without traffic nobody would ever ask for it again.
void ask_again(Family family, const Route& route) {
  ndmsg body = neighbour_message(family, route.interface);
  body.ndm_flags = NTF_USE;
  NetlinkRequest request(RTM_NEWNEIGH, NLM_F_CREATE, body);
  request.attribute(NDA_DST, route.gateway.data(), route.gateway.size());
  (void)request.perform("asking for the next hop");
}

}  // namespace

Result<WayOutSeen> look_for_way_out(Family family) {
  rtmsg body{};
  body.rtm_family = static_cast<std::uint8_t>(kernel_family(family));
  std::array<char, sizeof(in6_addr)> octets{};
  const auto destination = far_away(family, octets);
  body.rtm_dst_len = static_cast<std::uint8_t>(destination.size() * 8);
  NetlinkRequest request(RTM_GETROUTE, 0, body);
  request.attribute(RTA_DST, destination.data(), destination.size());
  int refusal = 0;
  const auto message = request.ask(refusal);
  if (!message) return message.error();
  if (refusal != 0)
    return WayOutSeen{false, "no route to the clients: " + std::generic_category().message(refusal), ""};
  const Route route = read_route(*message);
  if (route.head.rtm_type != RTN_UNICAST) return WayOutSeen{false, "no route to the clients", ""};
  std::array<char, IF_NAMESIZE> name{};
  ::if_indextoname(static_cast<unsigned>(route.interface), name.data());
  const auto running = has_carrier(name.data());
  if (!running) return running.error();
  if (!*running) return WayOutSeen{false, fmt::format("the link {} is down", name.data()), name.data()};
  if (route.gateway.empty()) return WayOutSeen{true, fmt::format("by {}", name.data()), name.data()};
  const std::string by = fmt::format("{} on {}", address_text(family, route.gateway), name.data());
  const auto failed = has_failed(family, route);
  if (!failed) return failed.error();
  if (*failed) ask_again(family, route);
  return WayOutSeen{!*failed, *failed ? "the next hop " + by + " does not answer" : "by " + by, name.data()};
}

}  // namespace imrs::agent

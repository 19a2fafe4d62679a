// Asks the kernel which way an answer would take. Called by the thread of kernel_look a few times a second.
// It must not send a packet to anybody but the next hop.
#include "agent/way_out.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <linux/neighbour.h>
#include <net/if.h>
#include <sys/socket.h>

#include <array>
#include <cstdint>
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
  std::uint8_t type = RTN_UNSPEC;
  int refusal = 0;  // the kernel's error number instead of a route
  int interface = 0;
  std::string gateway;  // octets; empty: the destination is on the link
};

Route read_route(std::span<const char> message) {
  Route route;
  rtmsg head{};
  if (message.size() < sizeof head) return route;
  std::memcpy(&head, message.data(), sizeof head);
  route.type = head.rtm_type;
  const auto attributes = message.subspan(NLMSG_ALIGN(sizeof head));
  const auto interface = find_attribute(attributes, RTA_OIF);
  if (interface.size() == sizeof route.interface) {
    std::memcpy(&route.interface, interface.data(), sizeof route.interface);
  }
  const auto gateway = find_attribute(attributes, RTA_GATEWAY);
  route.gateway.assign(gateway.begin(), gateway.end());
  return route;
}

Result<Route> route_to_the_clients(Family family) {
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
  Route route = read_route(*message);
  route.refusal = refusal;
  return route;
}

// As far as route and link go.
Result<WayOutSeen> look_at_link(const Route& route) {
  if (route.refusal != 0) {
    return WayOutSeen{false, "no route to the clients: " + std::generic_category().message(route.refusal),
                      ""};
  }
  if (route.type != RTN_UNICAST) return WayOutSeen{false, "no route to the clients", ""};
  std::array<char, IF_NAMESIZE> name{};
  ::if_indextoname(static_cast<unsigned>(route.interface), name.data());
  const auto running = has_carrier(name.data());
  if (!running) return running.error();
  if (!*running) return WayOutSeen{false, fmt::format("the link {} is down", name.data()), name.data()};
  return WayOutSeen{true, fmt::format("by {}", name.data()), name.data()};
}

ndmsg neighbour_message(Family family, int interface) {
  ndmsg body{};
  body.ndm_family = static_cast<std::uint8_t>(kernel_family(family));
  body.ndm_ifindex = interface;
  return body;
}

Result<Neighbour> look_up_neighbour(Family family, const Route& route) {
  NetlinkRequest request(RTM_GETNEIGH, 0, neighbour_message(family, route.interface));
  request.attribute(NDA_DST, route.gateway.data(), route.gateway.size());
  int refusal = 0;
  const auto message = request.ask(refusal);
  if (!message) return message.error();
  ndmsg head{};
  if (message->size() < sizeof head) return Neighbour::Unknown;
  std::memcpy(&head, message->data(), sizeof head);
  constexpr int kThere = NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE | NUD_PERMANENT | NUD_NOARP;
  if ((head.ndm_state & kThere) != 0) return Neighbour::There;
  if ((head.ndm_state & NUD_FAILED) != 0) return Neighbour::Failed;
  return (head.ndm_state & NUD_INCOMPLETE) != 0 ? Neighbour::Asking : Neighbour::Unknown;
}

void ask_for(Family family, const Route& route) {
  ndmsg body = neighbour_message(family, route.interface);
  body.ndm_flags = NTF_USE;
  NetlinkRequest request(RTM_NEWNEIGH, NLM_F_CREATE, body);
  request.attribute(NDA_DST, route.gateway.data(), route.gateway.size());
  (void)request.perform("asking for the next hop");
}

// Without traffic nobody else would ask for one that is not known, or did not answer. The first shows at
// once whether it can be asked at all.
Result<Neighbour> look_at_next_hop(Family family, const Route& route) {
  const auto seen = look_up_neighbour(family, route);
  if (!seen || *seen == Neighbour::Asking || *seen == Neighbour::There) return seen;
  ask_for(family, route);
  return *seen == Neighbour::Failed ? seen : look_up_neighbour(family, route);
}

}  // namespace

std::optional<bool> NextHops::look(const std::string& next_hop, Neighbour seen, TimePoint now) {
  std::erase_if(known_, [&](const auto& entry) { return now - entry.second.looked > kRemembered; });
  Known& known = known_[next_hop];
  known.looked = now;
  switch (seen) {
    case Neighbour::There: known = {.looked = now, .asked = std::nullopt, .silent = false}; return true;
    case Neighbour::Unknown: return !known.silent;
    case Neighbour::Failed: known.silent = true; return false;
    case Neighbour::Asking: break;
  }
  if (!known.asked) known.asked = now;
  if (now - *known.asked >= kPatience) known.silent = true;
  return known.silent ? std::optional(false) : std::nullopt;
}

Result<WayOutSeen> WaysOut::look(Family family) {
  const auto route = route_to_the_clients(family);
  if (!route) return route.error();
  auto way = look_at_link(*route);
  if (!way) return way;
  NextHops& next_hops = next_hops_[static_cast<std::size_t>(family)];
  if (way->usable == false) next_hops.forget();
  if (way->usable == false || route->gateway.empty()) return way;
  const auto seen = look_at_next_hop(family, *route);
  if (!seen) return seen.error();
  const std::string by = fmt::format("{} on {}", address_text(family, route->gateway), way->device);
  // The time at which the kernel has answered: if it took a second, nobody was asked for in it.
  way->usable = next_hops.look(by, *seen, NextHops::TimePoint::clock::now());
  way->detail = way->usable == false ? "the next hop " + by + " does not answer" : "by " + by;
  return way;
}

}  // namespace imrs::agent

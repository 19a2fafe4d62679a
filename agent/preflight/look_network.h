// agent/preflight/look_network.h
// What the kernel knows of addresses, routes and interfaces. Sends nothing to anybody.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "agent/preflight/address_points.h"
#include "agent/preflight/host_points.h"

namespace imrs::preflight {

[[nodiscard]] Result<std::vector<InterfaceAddress>> own_addresses();

struct DefaultRoute {
  std::string interface, gateway;  // gateway empty: the world is on the link
  std::uint32_t metric = 0;
};
// Of the main table, the preferred first. `text`: of /proc/net/route or /proc/net/ipv6_route; a line that
// cannot be read is passed over. Pure.
[[nodiscard]] std::vector<DefaultRoute> default_routes(Family family, std::string_view text);

// Looks up the way to an address far away; which one matters only for the route that covers it.
[[nodiscard]] WayOut look_for_way_out(Family family);

// `folder`: where the kernel shows its interfaces.
[[nodiscard]] Nic look_at_nic(const std::string& name, const std::string& folder = "/sys/class/net");

// Counters of /proc/net/snmp6 and of /proc/net/netstat by name; 0 if it is not there. Pure.
[[nodiscard]] std::uint64_t counter6(std::string_view snmp6, std::string_view name);
[[nodiscard]] std::uint64_t counter_of_table(std::string_view netstat, std::string_view table,
                                             std::string_view name);

// The contents of a small file of the kernel's; empty if it cannot be read.
[[nodiscard]] std::string small_file(const std::string& path);

}  // namespace imrs::preflight

// agent/preflight/address_points.h
// The points about addresses: of the right kind, of both families, on this machine, with a way out. Pure:
// facts in, a finding out.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "agent/config/config.h"
#include "agent/preflight/report.h"

namespace imrs::preflight {

struct Link {  // to one neighbour
  std::string name;
  IpAddress neighbour, source;
};

struct NamedAddress {
  std::string what;  // "the management address", "host4's source"
  IpAddress address;
};

struct InterfaceAddress {  // as the kernel has it
  std::string interface;
  IpAddress address;
  bool up = false;  // the interface is
};

// The way to the rest of the Internet, as the kernel would take it.
struct WayOut {
  Family family = Family::V4;
  std::string error;                // why there is none; empty: there is one
  std::optional<IpAddress> source;  // of a packet that takes it
  std::string interface, gateway;   // of the default route; empty: not by a default route
};

[[nodiscard]] Finding judge_configuration(const std::string& path, const Result<Config>& config);

// Has to be global: ICANN's systems talk to it across the Internet.
[[nodiscard]] Finding judge_management(const std::optional<IpAddress>& management);

// Private and link-local ones are a matter between the two ends: noted. Those of a carrier's NAT, of
// documentation and such like are not.
[[nodiscard]] Finding judge_links(std::span<const Link> links);

// Service addresses and prefixes have to be global.
[[nodiscard]] Finding judge_service_addresses(std::span<const IpAddress> addresses,
                                              std::span<const Prefix> prefixes);

// Sessions are configured for both families.
[[nodiscard]] Finding judge_families(std::span<const Link> links);

// Each of `wanted` is on an interface that is up.
[[nodiscard]] Finding judge_own_addresses(std::span<const NamedAddress> wanted,
                                          const Result<std::vector<InterfaceAddress>>& there);

// Both families have a way out.
[[nodiscard]] Finding judge_ways_out(std::span<const WayOut> ways);

// Nobody on the way out needs to translate what leaves; whether somebody does is not to be seen from here.
[[nodiscard]] Finding judge_translation(std::span<const WayOut> ways,
                                        const std::optional<IpAddress>& management);

}  // namespace imrs::preflight

// agent/preflight/dns_points.h
// The points about the path of DNS messages: the service from here, the world to the service, the appliance
// to its primaries by UDP and TCP, large responses, fragments, ICMP. Pure: facts in, a finding out.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "agent/base/family.h"
#include "agent/config/config.h"
#include "agent/preflight/address_points.h"
#include "agent/preflight/dns_message.h"
#include "agent/preflight/report.h"

namespace imrs::preflight {

struct ServiceSeen {  // one path to a service address, from this machine
  IpAddress address;
  Transport transport = Transport::Udp;
  Exchange exchange;
};

// Every service address answers by both transports. `agent_runs`: it said so itself.
[[nodiscard]] Finding judge_service(std::span<const ServiceSeen> seen, bool agent_runs);

// Queries that came since the agent started: [transport][family].
using QueriesSeen = std::array<std::array<std::uint64_t, 2>, 2>;
// What resolvers sent got here: the only thing that this side sees of firewalls on the way. Few or none prove
// nothing. `address`: a service address, for the command to run elsewhere.
[[nodiscard]] Finding judge_reached(const std::optional<QueriesSeen>& queries, const std::string& address,
                                    const std::string& identity);

struct PrimarySeen {
  std::string primary;  // "192.0.2.53 port 53"
  Family family = Family::V4;
  Exchange plain;      // SOA by UDP, without EDNS
  Exchange edns;       // DNSKEY with DO, EDNS of 1232 octets, by UDP
  Exchange large;      // ANY with DO, EDNS of 4096 octets, by UDP
  Exchange large_cut;  // the same with 1232 octets, if `large` was not answered
  Exchange stream;     // SOA by TCP
};
[[nodiscard]] Finding judge_primaries(std::span<const PrimarySeen> primaries, Transport transport);
// Responses above 512 octets come through.
[[nodiscard]] Finding judge_edns(std::span<const PrimarySeen> primaries);
// Responses that do not fit one packet come through.
[[nodiscard]] Finding judge_fragments(std::span<const PrimarySeen> primaries);
// What was found by asking `asked` primaries, while `unasked` more were not: says so, and does not pass then.
[[nodiscard]] Finding not_of_all(Finding finding, std::size_t asked, std::size_t unasked);

// A datagram whose hop limit was made too small on purpose, so that a router on the way has to complain.
struct HopSeen {
  Family family = Family::V4;
  std::string target;    // address of a primary
  std::string reporter;  // who complained, by ICMP; empty: nobody did
  int hops = 0;          // the limit that it complained of; 1: it is the first router
};
struct IcmpFacts {
  std::vector<HopSeen> hops;   // at most one for each family
  std::uint64_t too_big6 = 0;  // ICMPv6 "packet too big" that came since the system started
};
// ICMP errors come through from outside. What the first router or the gateway of one of `ways` says does not
// show that.
[[nodiscard]] Finding judge_icmp(const IcmpFacts& facts, std::span<const WayOut> ways);

}  // namespace imrs::preflight

// Joins those who look with those who judge. Called by `imrsctl preflight`. What several points need is
// looked at once, and only if one of them is wanted.
#include "agent/preflight/checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "agent/preflight/address_points.h"
#include "agent/preflight/ask.h"
#include "agent/preflight/bgp_points.h"
#include "agent/preflight/hop.h"
#include "agent/preflight/look_host.h"
#include "agent/preflight/look_network.h"
#include "agent/preflight/look_system.h"
#include "agent/preflight/spoof.h"
#include "agent/preflight/words.h"
#include "dns/wire/protocol.h"

namespace imrs::preflight {
namespace {

constexpr std::size_t kMostPrimaries = 8;  // asked each point's questions: one that is dead costs seconds

struct ToAsk {
  Server server;
  wire::Name zone;
};

// Looks when asked for the first time.
class Place {
 public:
  explicit Place(const Given& given) : given_(given) {}

  [[nodiscard]] const Given& given() const { return given_; }
  [[nodiscard]] const Config& config() const { return given_.config.value(); }  // only with one
  [[nodiscard]] const Config* config_or_null() const { return given_.config ? &*given_.config : nullptr; }

  const Result<std::vector<InterfaceAddress>>& addresses() {
    if (!addresses_) addresses_.emplace(own_addresses());
    return *addresses_;
  }
  const std::vector<WayOut>& ways_out() {
    if (ways_out_.empty()) {
      for (const Family family : kFamilies) ways_out_.push_back(look_for_way_out(family));
    }
    return ways_out_;
  }
  const std::vector<PrimarySeen>& primaries();  // the first kMostPrimaries of to_ask()
  std::vector<Nic> nics();
  [[nodiscard]] std::vector<ToAsk> to_ask() const;
  [[nodiscard]] std::optional<IpAddress> source(Family family) const {
    const auto& management = config().management;
    return management && management->family == family ? management : std::nullopt;
  }

 private:
  const Given& given_;
  std::optional<Result<std::vector<InterfaceAddress>>> addresses_;
  std::vector<WayOut> ways_out_;
  std::optional<std::vector<PrimarySeen>> primaries_;
};

// Each address and port once, with the first zone that is had from there.
std::vector<ToAsk> Place::to_ask() const {
  std::vector<ToAsk> out;
  for (const ZoneConfig& zone : config().zones) {
    const auto name = wire::Name::parse(zone.origin);
    if (!name) continue;
    for (const PrimaryConfig& primary : zone.primaries) {
      const bool known = std::ranges::any_of(out, [&](const ToAsk& one) {
        return one.server.address == primary.address && one.server.port == primary.port;
      });
      if (known) continue;
      out.push_back({{primary.address, primary.port, source(primary.address.family)}, *name});
    }
  }
  return out;
}

PrimarySeen ask_primary(const ToAsk& one) {
  constexpr std::uint16_t kCut = 1232, kLarge = 4096;
  const Question soa{one.zone, wire::rrtype::SOA, 0, false};
  const auto by_udp = [&](std::uint16_t type, std::uint16_t edns) {
    return ask(one.server, Transport::Udp, {one.zone, type, edns, true});
  };
  PrimarySeen seen;
  seen.primary = fmt::format("{} port {}", one.server.address.text, one.server.port);
  seen.family = one.server.address.family;
  seen.stream = ask(one.server, Transport::Tcp, soa);
  seen.plain = ask(one.server, Transport::Udp, soa);
  if (!is_answered(seen.plain)) return seen;
  seen.edns = by_udp(wire::rrtype::DNSKEY, kCut);
  seen.large = by_udp(wire::rrtype::ANY, kLarge);
  if (!is_answered(seen.large)) seen.large_cut = by_udp(wire::rrtype::ANY, kCut);
  return seen;
}

const std::vector<PrimarySeen>& Place::primaries() {
  if (primaries_) return *primaries_;
  primaries_.emplace();
  for (const ToAsk& one : to_ask()) {
    if (primaries_->size() == kMostPrimaries) break;
    primaries_->push_back(ask_primary(one));
  }
  return *primaries_;
}

// Those that lead to neighbours, and those that answers leave by.
std::vector<Nic> Place::nics() {
  std::vector<std::string> names;
  const auto add = [&](const std::string& name) {
    if (!name.empty() && name != "lo" && std::ranges::find(names, name) == names.end()) names.push_back(name);
  };
  for (const NeighbourConfig& neighbour : config().bgp.neighbours) {
    add(neighbour.interface);
    if (!neighbour.interface.empty() || !addresses()) continue;
    const auto found = std::ranges::find(*addresses(), neighbour.source, &InterfaceAddress::address);
    if (found != addresses()->end()) add(found->interface);
  }
  for (const WayOut& way : ways_out()) add(way.interface);
  std::vector<Nic> out;
  for (const std::string& name : names) out.push_back(look_at_nic(name));
  return out;
}

// ---- the points ---------------------------------------------------------------------------------------

std::vector<Link> links_of(const Config& config) {
  std::vector<Link> out;
  for (const NeighbourConfig& one : config.bgp.neighbours) out.push_back({one.name, one.address, one.source});
  return out;
}

Finding configuration(Place& place) {
  return judge_configuration(place.given().config_path, place.given().config);
}
Finding management(Place& place) { return judge_management(place.config().management); }
Finding link_addresses(Place& place) { return judge_links(links_of(place.config())); }
Finding families(Place& place) { return judge_families(links_of(place.config())); }
Finding service_addresses(Place& place) {
  return judge_service_addresses(place.config().service.addresses, place.config().prefixes);
}

Finding addresses(Place& place) {
  std::vector<NamedAddress> wanted;
  if (place.config().management) wanted.push_back({"the management address", *place.config().management});
  for (const NeighbourConfig& one : place.config().bgp.neighbours) {
    wanted.push_back({one.name + "'s source", one.source});
  }
  return judge_own_addresses(wanted, place.addresses());
}

Finding routes(Place& place) { return judge_ways_out(place.ways_out()); }
Finding translation(Place& place) { return judge_translation(place.ways_out(), place.config().management); }

// Another instance would be asked, and answer, if the address were not here.
Exchange ask_service(Place& place, const IpAddress& address, Transport transport) {
  const auto& there = place.addresses();
  if (!there) return {Exchange::Outcome::Failed, {}, there.error().message};
  if (std::ranges::find(*there, address, &InterfaceAddress::address) == there->end()) {
    return {Exchange::Outcome::Failed, {}, "is on no interface of this machine"};
  }
  const Server server{address, place.config().service.port, place.source(address.family)};
  return ask(server, transport, {{}, wire::rrtype::SOA, 1232, false});
}

Finding service(Place& place) {
  std::vector<ServiceSeen> seen;
  for (const IpAddress& address : place.config().service.addresses) {
    for (const Transport transport : kTransports) {
      seen.push_back({address, transport, ask_service(place, address, transport)});
    }
  }
  return judge_service(seen, place.given().snapshot.ok());
}

Finding reached(Place& place) {
  return judge_reached(place.given().queries, place.config().service.addresses.front().text,
                       place.config().instance.identity);
}

Finding of_asked(Place& place, Finding finding) {
  const std::size_t asked = place.primaries().size();
  return not_of_all(std::move(finding), asked, place.to_ask().size() - asked);
}
Finding primaries_udp(Place& place) {
  return of_asked(place, judge_primaries(place.primaries(), Transport::Udp));
}
Finding primaries_tcp(Place& place) {
  return of_asked(place, judge_primaries(place.primaries(), Transport::Tcp));
}
Finding edns(Place& place) { return of_asked(place, judge_edns(place.primaries())); }
Finding fragments(Place& place) { return of_asked(place, judge_fragments(place.primaries())); }

Finding icmp(Place& place) {
  IcmpFacts facts;
  facts.too_big6 = counter6(small_file("/proc/net/snmp6"), "Icmp6InPktTooBigs");
  const auto all = place.to_ask();
  for (const Family family : kFamilies) {
    const auto one = std::ranges::find_if(
        all, [&](const ToAsk& other) { return other.server.address.family == family; });
    if (one == all.end()) continue;
    facts.hops.push_back(provoke_icmp(one->server, {one->zone, wire::rrtype::SOA, 0, false}));
  }
  return judge_icmp(facts, place.ways_out());
}

Finding sessions(Place& place) {
  return judge_sessions(place.config().bgp.neighbours, place.given().snapshot);
}
Finding exports(Place& place) {
  return judge_exports(place.config().bgp.neighbours, place.config().prefixes, place.given().snapshot);
}

Finding source_filter(Place& place) {
  SpoofFacts facts;
  const auto rules = said_by({place.given().nft, "-j", "list", "chain", "inet", "imrs", "early"});
  if (rules) facts.forged = forged_seen(*rules);
  facts.reverse_path_drops = counter_of_table(small_file("/proc/net/netstat"), "TcpExt",
                                              "IPReversePathFilter");
  if (const auto& target = place.given().spoof_target) {
    const Config* const config = place.config_or_null();
    facts.test = send_spoofed(*target, config != nullptr ? place.source(target->family) : std::nullopt);
  }
  return judge_source_filter(facts);
}

Finding clock(Place&) { return judge_clock(look_at_clock()); }
Finding speed(Place& place) { return judge_speed(place.nics(), place.config().instance.appliance); }
Finding mtu(Place& place) { return judge_mtu(place.nics()); }
Finding disk(Place& place) { return judge_disk(look_at_disk(place.config().state_directory)); }
Finding memory(Place& place) {
  return judge_memory(memory_of(small_file("/proc/meminfo")), place.config().instance.appliance);
}
Finding cpu(Place& place) {
  return judge_processors(processors(), place.config().engine.workers, place.config().instance.appliance);
}
Finding kernel(Place&) { return judge_kernel(kernel_release()); }
Finding tun(Place&) { return judge_tun(look_at_kernel()); }
Finding landlock(Place&) { return judge_landlock(look_at_kernel()); }
Finding seccomp(Place&) { return judge_seccomp(look_at_kernel()); }
Finding bird(Place& place) { return judge_bird(version_said_by(place.given().bird)); }
Finding firewall(Place& place) {
  const auto tables = said_by({place.given().nft, "-j", "list", "tables", "inet"});
  return judge_firewall({unit_state(place.given().systemctl, "imrs-firewall.service"),
                         tables ? has_our_table(*tables) : std::nullopt});
}
Finding users(Place& place) { return judge_users(look_at_users(place.config_or_null())); }
Finding files(Place& place) {
  return judge_files(look_at_files(place.given().config_path, place.config_or_null()));
}

struct Point {
  std::string_view name;
  bool needs_config = true;
  Finding (*look)(Place&) = nullptr;
};

constexpr Point kPoints[] = {{"configuration", false, configuration},
                             {"management-address", true, management},
                             {"link-addresses", true, link_addresses},
                             {"service-addresses", true, service_addresses},
                             {"both-families", true, families},
                             {"own-addresses", true, addresses},
                             {"default-routes", false, routes},
                             {"no-translation", true, translation},
                             {"service-answers", true, service},
                             {"reached", true, reached},
                             {"primaries-udp", true, primaries_udp},
                             {"primaries-tcp", true, primaries_tcp},
                             {"edns", true, edns},
                             {"fragments", true, fragments},
                             {"icmp", true, icmp},
                             {"bgp-sessions", true, sessions},
                             {"bgp-prefixes", true, exports},
                             {"source-filter", false, source_filter},
                             {"clock", false, clock},
                             {"nic-speed", true, speed},
                             {"mtu", true, mtu},
                             {"disk", true, disk},
                             {"memory", true, memory},
                             {"cpu", true, cpu},
                             {"kernel", false, kernel},
                             {"tun", false, tun},
                             {"landlock", false, landlock},
                             {"seccomp", false, seccomp},
                             {"bird", false, bird},
                             {"firewall", false, firewall},
                             {"users", false, users},
                             {"secrets", false, files}};

Finding find_out(const Point& point, Place& place) {
  Finding finding = point.needs_config && !place.given().config
                        ? unknown("needs the configuration, which could not be read",
                                  "see the point configuration")
                        : point.look(place);
  finding.name = point.name;
  finding.evidence = one_line(finding.evidence);
  finding.remedy = one_line(finding.remedy);
  return finding;
}

}  // namespace

std::vector<std::string> point_names() {
  std::vector<std::string> out;
  for (const Point& point : kPoints) out.emplace_back(point.name);
  return out;
}

std::vector<Finding> run_checks(const Given& given, const std::vector<std::string>& only) {
  Place place(given);
  std::vector<Finding> out;
  for (const Point& point : kPoints) {
    if (only.empty() || std::ranges::find(only, point.name) != only.end())
      out.push_back(find_out(point, place));
  }
  return out;
}

}  // namespace imrs::preflight

// Asks the kernel. Called by checks.cc. Reads /proc/net rather than netlink: the little that is wanted is
// there as text.
#include "agent/preflight/look_network.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <net/route.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <sstream>

#include "agent/base/unique_fd.h"
#include "agent/preflight/socket_address.h"

namespace imrs::preflight {
namespace {

// K-root, as agent/way_out.cc.
constexpr const char* kFarAway4 = "193.0.14.129";
constexpr const char* kFarAway6 = "2001:7fd::1";
constexpr std::uint16_t kPort = 53;

std::vector<std::string> words_of(const std::string& line) {
  std::istringstream in(line);
  return {std::istream_iterator<std::string>(in), {}};
}

template <typename T>
std::optional<T> number(std::string_view text, int base) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc() || end != text.data() + text.size()) return {};
  return value;
}

// "010200C0": the address as it lies in this machine's memory.
std::string address4(std::string_view hex) {
  const auto value = number<std::uint32_t>(hex, 16);
  std::array<char, INET_ADDRSTRLEN> text{};
  if (!value || *value == 0) return "";
  ::inet_ntop(AF_INET, &*value, text.data(), text.size());
  return text.data();
}

// 32 digits in the order of the octets.
std::string address6(std::string_view hex) {
  std::array<std::uint8_t, 16> octets{};
  if (hex.size() != 32) return "";
  for (std::size_t i = 0; i < octets.size(); ++i) {
    octets[i] = number<std::uint8_t>(hex.substr(2 * i, 2), 16).value_or(0);
  }
  if (std::ranges::count(octets, 0) == 16) return "";
  std::array<char, INET6_ADDRSTRLEN> text{};
  ::inet_ntop(AF_INET6, octets.data(), text.data(), text.size());
  return text.data();
}

bool leads_anywhere(std::uint32_t flags) { return (flags & RTF_UP) != 0 && (flags & RTF_REJECT) == 0; }

// Iface Destination Gateway Flags RefCnt Use Metric Mask ...; Flags and addresses in hexadecimal.
std::optional<DefaultRoute> route4(const std::vector<std::string>& words) {
  if (words.size() < 8 || words[1] != "00000000" || words[7] != "00000000") return {};
  if (!leads_anywhere(number<std::uint32_t>(words[3], 16).value_or(0))) return {};
  return DefaultRoute{words[0], address4(words[2]), number<std::uint32_t>(words[6], 10).value_or(0)};
}

// Destination length source length gateway metric refcnt use flags interface, all in hexadecimal.
std::optional<DefaultRoute> route6(const std::vector<std::string>& words) {
  if (words.size() < 10 || words[1] != "00" || !address6(words[0]).empty()) return {};
  if (!leads_anywhere(number<std::uint32_t>(words[8], 16).value_or(0))) return {};
  return DefaultRoute{words[9], address6(words[4]), number<std::uint32_t>(words[5], 16).value_or(0)};
}

// What a packet would leave as. Connecting a UDP socket looks the route up and sends nothing.
Result<IpAddress> source_towards(const IpAddress& address) {
  const UniqueFd fd(
      ::socket(address.family == Family::V4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd) return system_error("socket");
  const SocketAddress target = socket_address(address, kPort);
  if (::connect(fd.get(), target.get(), target.size) != 0) return system_error("no route to the clients");
  SocketAddress own;
  own.size = sizeof own.storage;
  if (::getsockname(fd.get(), own.get(), &own.size) != 0) return system_error("getsockname");
  const auto source = ip_address(own.get());
  if (!source) return Error{Errc::System, "the kernel gives no address"};
  return *source;
}

}  // namespace

std::string small_file(const std::string& path) {
  constexpr std::size_t kMost = 1 << 20;
  std::ifstream file(path, std::ios::binary);
  std::string text(kMost, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  return text;
}

Result<std::vector<InterfaceAddress>> own_addresses() {
  ifaddrs* first = nullptr;
  if (::getifaddrs(&first) != 0) return system_error("the addresses of this machine");
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owner(first, ::freeifaddrs);
  std::vector<InterfaceAddress> out;
  for (const ifaddrs* one = first; one != nullptr; one = one->ifa_next) {
    const auto address = ip_address(one->ifa_addr);
    if (address) out.push_back({one->ifa_name, *address, (one->ifa_flags & IFF_UP) != 0});
  }
  return out;
}

std::vector<DefaultRoute> default_routes(Family family, std::string_view text) {
  std::vector<DefaultRoute> out;
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    const auto words = words_of(line);
    auto route = family == Family::V4 ? route4(words) : route6(words);
    if (route) out.push_back(std::move(*route));
  }
  std::ranges::stable_sort(out, {}, &DefaultRoute::metric);
  return out;
}

WayOut look_for_way_out(Family family) {
  const bool v4 = family == Family::V4;
  WayOut way{.family = family, .error = "", .source = {}, .interface = "", .gateway = ""};
  const auto source = source_towards({family, v4 ? kFarAway4 : kFarAway6});
  if (!source) {
    way.error = source.error().message;
    return way;
  }
  way.source = *source;
  const auto routes = default_routes(family, small_file(v4 ? "/proc/net/route" : "/proc/net/ipv6_route"));
  if (!routes.empty()) {
    way.interface = routes.front().interface;
    way.gateway = routes.front().gateway;
  }
  return way;
}

Nic look_at_nic(const std::string& name, const std::string& folder) {
  const auto value = [&](const char* file) {
    std::string text = small_file(folder + "/" + name + "/" + file);
    while (!text.empty() && text.back() == '\n') text.pop_back();
    return text;
  };
  const auto speed = number<std::int64_t>(value("speed"), 10);
  const auto mtu = number<std::uint32_t>(value("mtu"), 10);
  return {.name = name,
          .there = mtu.has_value() || ::if_nametoindex(name.c_str()) != 0,
          .speed = speed && *speed > 0 ? speed : std::nullopt,  // -1: not known
          .duplex = value("duplex"),
          .carrier = value("carrier") == "1",
          .mtu = mtu.value_or(0)};
}

std::uint64_t counter6(std::string_view snmp6, std::string_view name) {
  std::istringstream lines{std::string(snmp6)};
  for (std::string line; std::getline(lines, line);) {
    const auto words = words_of(line);
    if (words.size() == 2 && words[0] == name) return number<std::uint64_t>(words[1], 10).value_or(0);
  }
  return 0;
}

// Two lines for each table: names, then values.
std::uint64_t counter_of_table(std::string_view netstat, std::string_view table, std::string_view name) {
  std::istringstream lines{std::string(netstat)};
  for (std::string names, values; std::getline(lines, names) && std::getline(lines, values);) {
    const auto keys = words_of(names), numbers = words_of(values);
    if (keys.empty() || keys[0] != std::string(table) + ":" || keys.size() != numbers.size()) continue;
    const auto found = std::ranges::find(keys, name);
    if (found == keys.end()) return 0;
    return number<std::uint64_t>(numbers[static_cast<std::size_t>(found - keys.begin())], 10).value_or(0);
  }
  return 0;
}

}  // namespace imrs::preflight

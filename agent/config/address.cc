// Reads addresses. Called by the configuration's parser. What comes out is canonical text, so that equal
// addresses are equal strings.
#include "agent/config/address.h"

#include <arpa/inet.h>

#include <array>
#include <charconv>
#include <optional>

namespace imrs {
namespace {

using Octets = std::array<std::uint8_t, 16>;

int domain(Family family) { return family == Family::V4 ? AF_INET : AF_INET6; }
int bits(Family family) { return family == Family::V4 ? 32 : 128; }

Error bad(std::string_view text, std::string_view why) {
  return Error{Errc::InvalidInput, "\"" + std::string(text) + "\" " + std::string(why)};
}

std::optional<unsigned> number(std::string_view text, unsigned largest) {
  unsigned value = 0;
  const char* const end = text.data() + text.size();
  const auto [after, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || after != end || value > largest) return std::nullopt;
  return value;
}

Octets octets_of(const IpAddress& address) {
  Octets octets{};
  ::inet_pton(domain(address.family), address.text.c_str(), octets.data());
  return octets;
}

// True if the first `length` bits of both agree.
bool same_bits(const Octets& a, const Octets& b, int length) {
  for (int i = 0; i < length; ++i) {
    const auto mask = static_cast<std::uint8_t>(0x80U >> (i % 8));
    const auto index = static_cast<std::size_t>(i / 8);
    if ((a[index] & mask) != (b[index] & mask)) return false;
  }
  return true;
}

struct Split {
  IpAddress network;
  int length = 0;
};

Result<Split> split_prefix(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return bad(text, "is not a prefix; write ADDRESS/LENGTH");
  auto network = parse_address(text.substr(0, slash));
  if (!network) return network.error();
  const auto length = number(text.substr(slash + 1), static_cast<unsigned>(bits(network->family)));
  if (!length) return bad(text, "has no valid prefix length");
  return Split{*network, static_cast<int>(*length)};
}

}  // namespace

Result<IpAddress> parse_address(std::string_view text) {
  for (const Family family : kFamilies) {
    Octets octets{};
    if (::inet_pton(domain(family), std::string(text).c_str(), octets.data()) != 1) continue;
    std::array<char, INET6_ADDRSTRLEN> canonical{};
    ::inet_ntop(domain(family), octets.data(), canonical.data(), canonical.size());
    return IpAddress{family, canonical.data()};
  }
  return bad(text, "is not an IPv4 or IPv6 address");
}

Result<Prefix> parse_prefix(std::string_view text) {
  auto split = split_prefix(text);
  if (!split) return split.error();
  const Octets octets = octets_of(split->network);
  for (int i = split->length; i < bits(split->network.family); ++i) {
    if ((octets[static_cast<std::size_t>(i / 8)] & (0x80U >> (i % 8))) == 0) continue;
    return bad(text, "has host bits set; clear them");
  }
  return Prefix{split->network.family, split->network.text + "/" + std::to_string(split->length),
                PrefixRole::Specific};
}

Result<Network> parse_network(std::string_view text) {
  if (text.find('/') == std::string_view::npos) {
    auto address = parse_address(text);
    if (!address) return bad(text, "is not a network; write ADDRESS/LENGTH");
    return Network{address->family, address->text + "/" + std::to_string(bits(address->family))};
  }
  auto prefix = parse_prefix(text);
  if (!prefix) return prefix.error();
  return Network{prefix->family, std::move(prefix->text)};
}

Result<Endpoint> parse_endpoint(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  const auto port = colon == std::string_view::npos ? std::nullopt : number(text.substr(colon + 1), 65535);
  if (!port || *port == 0) return bad(text, "is not ADDRESS:PORT (IPv6: [ADDRESS]:PORT)");
  std::string_view host = text.substr(0, colon);
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  auto address = parse_address(host);
  if (!address) return address.error();
  if (bracketed != (address->family == Family::V6)) {
    return bad(text, "is not ADDRESS:PORT (IPv6: [ADDRESS]:PORT)");
  }
  return Endpoint{*address, static_cast<std::uint16_t>(*port)};
}

Result<PrimaryConfig> parse_primary(std::string_view text) {
  const std::size_t at = text.find('@');
  auto address = parse_address(text.substr(0, at));
  if (!address) return address.error();
  if (at == std::string_view::npos) return PrimaryConfig{.address = *address, .port = 53, .key = {}};
  const auto port = number(text.substr(at + 1), 65535);
  if (!port || *port == 0) return bad(text, "has no valid port after @");
  return PrimaryConfig{.address = *address, .port = static_cast<std::uint16_t>(*port), .key = {}};
}

bool contains(const Prefix& prefix, const IpAddress& address) {
  const auto split = split_prefix(prefix.text);
  return split && split->network.family == address.family &&
         same_bits(octets_of(split->network), octets_of(address), split->length);
}

bool is_loopback(const IpAddress& address) {
  const Octets octets = octets_of(address);
  return address.family == Family::V4 ? octets[0] == 127 : address.text == "::1";
}

}  // namespace imrs

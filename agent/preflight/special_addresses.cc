// The registries as a table. Called by those who judge addresses. A block that IANA calls globally reachable
// is here too: it belongs to a service that anybody may offer (AS112, port control), not to a machine.
#include "agent/preflight/special_addresses.h"

#include <span>

#include "agent/config/address.h"

namespace imrs::preflight {
namespace {

struct Block {
  std::string_view prefix;
  AddressUse use;
  std::string_view name;
};

using enum AddressUse;

// The narrower block before the wider one.
constexpr Block kBlocks4[] = {
    {"0.0.0.0/8", Other, "this network, RFC 791"},
    {"10.0.0.0/8", Private, "private use, RFC 1918"},
    {"100.64.0.0/10", Shared, "shared by a carrier's NAT, RFC 6598"},
    {"127.0.0.0/8", Other, "loopback, RFC 1122"},
    {"169.254.0.0/16", LinkLocal, "link-local, RFC 3927"},
    {"172.16.0.0/12", Private, "private use, RFC 1918"},
    {"192.0.0.0/24", Other, "IETF protocol assignments, RFC 6890"},
    {"192.0.2.0/24", Documentation, "documentation, RFC 5737"},
    {"192.31.196.0/24", Other, "AS112, RFC 7535"},
    {"192.52.193.0/24", Other, "multicast tunnels, RFC 7450"},
    {"192.88.99.0/24", Other, "6to4 relays, RFC 7526"},
    {"192.168.0.0/16", Private, "private use, RFC 1918"},
    {"192.175.48.0/24", Other, "AS112, RFC 7534"},
    {"198.18.0.0/15", Other, "benchmarking, RFC 2544"},
    {"198.51.100.0/24", Documentation, "documentation, RFC 5737"},
    {"203.0.113.0/24", Documentation, "documentation, RFC 5737"},
    {"224.0.0.0/4", Other, "multicast, RFC 5771"},
    {"255.255.255.255/32", Other, "broadcast, RFC 8190"},
    {"240.0.0.0/4", Other, "reserved, RFC 1112"},
};

constexpr Block kBlocks6[] = {
    {"::1/128", Other, "loopback, RFC 4291"},
    {"::/128", Other, "unspecified, RFC 4291"},
    {"::ffff:0:0/96", Other, "IPv4-mapped, RFC 4291"},
    {"64:ff9b::/96", Other, "translation from IPv4, RFC 6052"},
    {"64:ff9b:1::/48", Other, "translation from IPv4, RFC 8215"},
    {"100::/64", Other, "discard-only, RFC 6666"},
    {"100:0:0:1::/64", Other, "dummy, RFC 9780"},
    {"2001::/32", Other, "Teredo, RFC 4380"},
    {"2001:2::/48", Other, "benchmarking, RFC 5180"},
    {"2001::/23", Other, "IETF protocol assignments, RFC 2928"},
    {"2001:db8::/32", Documentation, "documentation, RFC 3849"},
    {"2002::/16", Other, "6to4, RFC 3056"},
    {"2620:4f:8000::/48", Other, "AS112, RFC 7534"},
    {"3fff::/20", Documentation, "documentation, RFC 9637"},
    {"5f00::/16", Other, "segment routing, RFC 9602"},
    {"fc00::/7", Private, "unique local, RFC 4193"},
    {"fe80::/10", LinkLocal, "link-local, RFC 4291"},
    {"ff00::/8", Other, "multicast, RFC 4291"},
};

bool is_in(std::string_view prefix, const IpAddress& address) {
  return contains(Prefix{address.family, std::string(prefix), PrefixRole::Specific}, address);
}

}  // namespace

AddressClass classify(const IpAddress& address) {
  const bool v4 = address.family == Family::V4;
  for (const Block& block : v4 ? std::span<const Block>(kBlocks4) : std::span<const Block>(kBlocks6)) {
    if (is_in(block.prefix, address)) return {block.use, block.prefix, block.name};
  }
  if (v4 || is_in("2000::/3", address)) return {};
  return {Other, "::/0", "outside of global unicast 2000::/3, RFC 4291"};
}

std::string class_text(const IpAddress& address) {
  const AddressClass found = classify(address);
  if (found.use == Global) return address.text + " is global";
  return address.text + " is of " + std::string(found.block) + " (" + std::string(found.name) + ")";
}

}  // namespace imrs::preflight

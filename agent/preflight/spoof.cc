// The one place in this project that forges anything. Called by checks.cc only when the operator has named a
// target. It must never use the address of somebody who has not been asked.
#include "agent/preflight/spoof.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/random.h>
#include <sys/socket.h>

#include <array>

#include "agent/base/hex.h"
#include "agent/base/unique_fd.h"
#include "agent/preflight/socket_address.h"
#include "dns/wire/bytes.h"

namespace imrs::preflight {
namespace {

constexpr std::uint16_t kPort = 33533;  // nobody's; traceroute's are below
constexpr int kCopies = 2;              // one may get lost
constexpr std::uint8_t kHopLimit = 64;
constexpr std::size_t kUdpHeader = 8, kIpv4Header = 20;

int domain(Family family) { return family == Family::V4 ? AF_INET : AF_INET6; }
std::size_t size_of(Family family) { return family == Family::V4 ? 4 : 16; }

std::vector<std::uint8_t> octets_of(const IpAddress& address) {
  std::vector<std::uint8_t> out(size_of(address.family));
  ::inet_pton(domain(address.family), address.text.c_str(), out.data());
  return out;
}

// RFC 1071.
std::uint16_t checksum(std::span<const std::uint8_t> octets) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < octets.size(); ++i) sum += i % 2 == 0 ? octets[i] * 256U : octets[i];
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

std::vector<std::uint8_t> udp_datagram(std::span<const std::uint8_t> source,
                                       std::span<const std::uint8_t> target, std::uint16_t port,
                                       std::string_view content) {
  const auto length = static_cast<std::uint16_t>(kUdpHeader + content.size());
  std::vector<std::uint8_t> datagram, summed;
  wire::ByteWriter out(datagram);
  out.u16(port);
  out.u16(port);
  out.u16(length);
  out.u16(0);
  for (const char c : content) out.u8(static_cast<std::uint8_t>(c));
  wire::ByteWriter sum(summed);  // both families' pseudo headers have the same sum
  sum.put(source);
  sum.put(target);
  sum.u16(IPPROTO_UDP);
  sum.u16(length);
  sum.put(datagram);
  const std::uint16_t value = checksum(summed);
  wire::store_u16(datagram.data() + 6, value == 0 ? 0xffff : value);
  return datagram;
}

void write_ipv4_header(std::vector<std::uint8_t>& packet, std::span<const std::uint8_t> source,
                       std::span<const std::uint8_t> target, std::size_t content) {
  wire::ByteWriter out(packet);
  out.u16(0x4500);
  out.u16(static_cast<std::uint16_t>(kIpv4Header + content));
  out.u32(0);  // no fragments
  out.u8(kHopLimit);
  out.u8(IPPROTO_UDP);
  out.u16(0);
  out.put(source);
  out.put(target);
  wire::store_u16(packet.data() + 10, checksum(packet));
}

void write_ipv6_header(std::vector<std::uint8_t>& packet, std::span<const std::uint8_t> source,
                       std::span<const std::uint8_t> target, std::size_t content) {
  wire::ByteWriter out(packet);
  out.u32(0x60000000);
  out.u16(static_cast<std::uint16_t>(content));
  out.u8(IPPROTO_UDP);
  out.u8(kHopLimit);
  out.put(source);
  out.put(target);
}

Result<void> send_forged(const IpAddress& source, const IpAddress& target, const std::string& content) {
  // Such a socket takes whole packets, in both families.
  const UniqueFd fd(::socket(domain(target.family), SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW));
  if (!fd) return system_error("raw socket");
  const auto packet = udp_packet(source, target, kPort, content);
  const SocketAddress to = socket_address(target, 0);
  if (::sendto(fd.get(), packet.data(), packet.size(), 0, to.get(), to.size) >= 0) return {};
  return system_error("send as " + source.text);
}

// An honest one; gives the address that it left from.
Result<std::string> send_honest(const std::optional<IpAddress>& source, const IpAddress& target,
                                const std::string& content) {
  const UniqueFd fd(::socket(domain(target.family), SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd) return system_error("socket");
  if (source && source->family == target.family) {
    const SocketAddress from = socket_address(*source, 0);
    if (::bind(fd.get(), from.get(), from.size) != 0) return system_error("from " + source->text);
  }
  const SocketAddress to = socket_address(target, kPort);
  if (::connect(fd.get(), to.get(), to.size) != 0 ||
      ::send(fd.get(), content.data(), content.size(), MSG_NOSIGNAL) < 0) {
    return system_error("send");
  }
  SocketAddress own;
  own.size = sizeof own.storage;
  ::getsockname(fd.get(), own.get(), &own.size);
  const auto address = ip_address(own.get());
  return address ? address->text : std::string();
}

// No secret: it only tells this test from others.
std::string new_mark() {
  std::array<std::uint8_t, 4> random{};
  return ::getrandom(random.data(), random.size(), 0) < 0 ? "imrs-spoof" : "imrs-" + hex_text(random);
}

}  // namespace

IpAddress forged_source(const IpAddress& target) {
  auto octets = octets_of(target);
  octets.back() ^= 1U;
  std::array<char, INET6_ADDRSTRLEN> text{};
  ::inet_ntop(domain(target.family), octets.data(), text.data(), text.size());
  return {target.family, text.data()};
}

std::vector<std::uint8_t> udp_packet(const IpAddress& source, const IpAddress& target, std::uint16_t port,
                                     std::string_view content) {
  const auto from = octets_of(source), to = octets_of(target);
  const auto datagram = udp_datagram(from, to, port, content);
  std::vector<std::uint8_t> packet;
  target.family == Family::V4 ? write_ipv4_header(packet, from, to, datagram.size())
                              : write_ipv6_header(packet, from, to, datagram.size());
  packet.insert(packet.end(), datagram.begin(), datagram.end());
  return packet;
}

SpoofTest send_spoofed(const IpAddress& target, const std::optional<IpAddress>& source) {
  const IpAddress forged = forged_source(target);
  SpoofTest test{.target = target.text,
                 .honest = "",
                 .forged = forged.text,
                 .mark = new_mark(),
                 .port = kPort,
                 .error = ""};
  for (int i = 0; i < kCopies && test.error.empty(); ++i) {
    const auto honest = send_honest(source, target, test.mark + " honest\n");
    const auto sent = send_forged(forged, target, test.mark + " forged\n");
    if (honest) test.honest = *honest;
    if (!honest) test.error = honest.error().message;
    if (!sent) test.error = sent.error().message;
  }
  return test;
}

}  // namespace imrs::preflight

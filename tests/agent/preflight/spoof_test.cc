// Forged packets: their octets, and that they arrive as they claim to be, on the loopback of a network
// namespace of its own.
#include "agent/preflight/spoof.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <cstring>
#include <map>
#include <thread>

#include "agent/base/hex.h"
#include "agent/base/unique_fd.h"
#include "agent/preflight/socket_address.h"

namespace imrs::preflight {
namespace {

IpAddress v4(const char* text) { return {Family::V4, text}; }
IpAddress v6(const char* text) { return {Family::V6, text}; }

TEST(Spoof, TheForgedSourceIsTheTargetsNeighbour) {
  EXPECT_EQ(forged_source(v4("198.51.100.8")).text, "198.51.100.9");
  EXPECT_EQ(forged_source(v4("198.51.100.9")).text, "198.51.100.8");
  EXPECT_EQ(forged_source(v6("2001:db8::")).text, "2001:db8::1");
  EXPECT_EQ(forged_source(v6("2001:db8::ffff")).text, "2001:db8::fffe");
}

// Checksums by hand: of a right packet the sums come to 0.
std::uint16_t sum_of(std::span<const std::uint8_t> octets, std::uint32_t sum = 0) {
  for (std::size_t i = 0; i < octets.size(); ++i) sum += i % 2 == 0 ? octets[i] * 256U : octets[i];
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

TEST(Spoof, PacketsAreAsTheRfcsSay) {
  const auto four = udp_packet(v4("192.0.2.1"), v4("192.0.2.2"), 33533, "abc");
  ASSERT_EQ(four.size(), 31U);
  // version and length, total, no fragment, 64 hops, UDP | addresses | ports, length
  EXPECT_EQ(hex_text(std::span(four).first(10)), "4500001f000000004011");
  EXPECT_EQ(hex_text(std::span(four).subspan(12, 14)), "c0000201c000020282fd82fd000b");
  EXPECT_EQ(sum_of(std::span(four).first(20)), 0);
  EXPECT_EQ(sum_of(std::span(four).subspan(12), 17 + 11), 0) << "UDP with its pseudo header";
  const auto six = udp_packet(v6("2001:db8::1"), v6("2001:db8::2"), 33533, "abc");
  ASSERT_EQ(six.size(), 51U);
  EXPECT_EQ(hex_text(std::span(six).first(8)), "60000000000b1140");
  EXPECT_EQ(sum_of(std::span(six).subspan(8), 17 + 11), 0);
}

bool loopback_is_up() {
  const UniqueFd fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request{};
  std::strcpy(request.ifr_name, "lo");
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  return ::ioctl(fd.get(), SIOCSIFFLAGS, &request) == 0;
}

// Content of what came, by whom it seems to be from.
std::multimap<std::string, std::string> receive(int fd, int most) {
  const timeval limit{2, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  std::multimap<std::string, std::string> out;
  for (int i = 0; i < most; ++i) {
    std::array<char, 256> content;
    SocketAddress from;
    from.size = sizeof from.storage;
    const ssize_t n = ::recvfrom(fd, content.data(), content.size(), 0, from.get(), &from.size);
    if (n < 0) break;
    out.emplace(ip_address(from.get())->text, std::string(content.data(), static_cast<std::size_t>(n)));
  }
  return out;
}

TEST(Spoof, HonestAndForgedOnesArrive) {
  bool allowed = false;
  SpoofTest test;
  std::multimap<std::string, std::string> came;
  std::thread([&] {  // the namespace is the thread's
    allowed = ::unshare(CLONE_NEWNET) == 0 && loopback_is_up();
    if (!allowed) return;
    const UniqueFd fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    const SocketAddress own = socket_address(v4("127.0.0.8"), 33533);
    ASSERT_EQ(::bind(fd.get(), own.get(), own.size), 0);
    test = send_spoofed(v4("127.0.0.8"), v4("127.0.0.1"));
    came = receive(fd.get(), 4);
  })
      .join();
  if (!allowed) GTEST_SKIP() << "needs root, for a network namespace";
  EXPECT_EQ(test.error, "");
  EXPECT_EQ(test.honest, "127.0.0.1");
  EXPECT_EQ(test.forged, "127.0.0.9");
  EXPECT_EQ(test.mark.size(), 13U) << test.mark;
  const std::multimap<std::string, std::string> want{{"127.0.0.1", test.mark + " honest\n"},
                                                     {"127.0.0.1", test.mark + " honest\n"},
                                                     {"127.0.0.9", test.mark + " forged\n"},
                                                     {"127.0.0.9", test.mark + " forged\n"}};
  EXPECT_EQ(came, want);
}

TEST(Spoof, SaysWhyNothingWasSent) {
  bool allowed = false;
  SpoofTest test;
  std::thread([&] {
    allowed = ::unshare(CLONE_NEWNET) == 0;  // its loopback is down
    if (allowed) test = send_spoofed(v4("198.51.100.8"), {});
  }).join();
  if (!allowed) GTEST_SKIP() << "needs root, for a network namespace";
  EXPECT_NE(test.error, "");
}

}  // namespace
}  // namespace imrs::preflight

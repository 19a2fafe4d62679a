// The kernel's tables, as Linux 6.1 prints them.
#include "agent/ctl/kernel_counts.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace imrs::ctl {
namespace {

using counts::Service;
using testing::Eq;
using testing::Optional;

const std::vector<Service> kServices{{Family::V4, "199.7.83.42"}, {Family::V6, "2001:500:9f::42"}};

// 199.7.83.42:53 twice, another address, another port of ours, and a client's address in the third column.
constexpr const char* kUdp =
    "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref "
    "pointer drops            \n"
    "  441: 2A5307C7:0035 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 10 2 "
    "0000000000000000 17        \n"
    "  441: 2A5307C7:0035 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 11 2 "
    "0000000000000000 4000000000        \n"
    "  442: 0100007F:0035 2A5307C7:0035 07 00000000:00000000 00:00000000 00000000     0        0 12 2 "
    "0000000000000000 900        \n"
    "  443: 2A5307C7:D431 2A5307C7:0035 01 00000000:00000000 00:00000000 00000000     0        0 13 2 "
    "0000000000000000 5        \n";
constexpr const char* kUdp6 =
    "  sl  local_address                         remote_address                        st tx_queue rx_queue "
    "tr tm->when retrnsmt   uid  timeout inode ref pointer drops\n"
    "  441: 00050120000 short line\n"
    "  441: 0005012000009F000000000042000000:0035 00000000000000000000000000000000:0000 07 00000000:00000000 "
    "00:00000000 00000000     0        0 14 2 0000000000000000 8\n";

TEST(KernelCounts, DropsOfTheServiceAddressesOnly) {
  EXPECT_THAT(udp_drops_in(kUdp, kServices), Optional(Eq(4'000'000'017U)));
  EXPECT_THAT(udp_drops_in(kUdp6, kServices), Optional(Eq(8U)));
}

TEST(KernelCounts, NoSocketIsNotNoDrop) {
  EXPECT_EQ(udp_drops_in(kUdp, {{Family::V4, "192.0.2.1"}}), std::nullopt);
  EXPECT_EQ(udp_drops_in(kUdp, {}), std::nullopt);
  EXPECT_EQ(udp_drops_in("", kServices), std::nullopt);
  EXPECT_EQ(udp_drops_in(kUdp, {{Family::V4, "no address"}}), std::nullopt);
}

constexpr const char* kNetstat =
    "TcpExt: SyncookiesSent SyncookiesRecv ListenDrops\nTcpExt: 4711 12 9\n"
    "IpExt: InNoRoutes ListenDrops\nIpExt: 1 2\n";

TEST(KernelCounts, NetstatIsReadByName) {
  EXPECT_THAT(netstat_value(kNetstat, "TcpExt:", "SyncookiesSent"), Optional(Eq(4711U)));
  EXPECT_THAT(netstat_value(kNetstat, "IpExt:", "ListenDrops"), Optional(Eq(2U)));
  EXPECT_EQ(netstat_value(kNetstat, "TcpExt:", "InNoRoutes"), std::nullopt);
  EXPECT_EQ(netstat_value(kNetstat, "TcpExt:", "TcpExt:"), std::nullopt) << "its value is no number";
  EXPECT_EQ(netstat_value("TcpExt: SyncookiesSent\nTcpExt:\n", "TcpExt:", "SyncookiesSent"), std::nullopt);
  EXPECT_EQ(netstat_value("", "TcpExt:", "SyncookiesSent"), std::nullopt);
}

TEST(KernelCounts, OfAProcessThatIsNotThere) {
  for (const std::int32_t pid : {0, -1, 0x7FFFFFFF}) {
    const KernelCounts counts = read_kernel_counts(pid, kServices);
    EXPECT_EQ(counts.udp_drops, std::nullopt) << pid;
    EXPECT_EQ(counts.syn_cookies, std::nullopt) << pid;
  }
}

// The kernel that runs here prints them this way, too.
TEST(KernelCounts, OfThisProcess) {
  const KernelCounts counts = read_kernel_counts(::getpid(), kServices);
  if (::access("/proc/self/net/netstat", R_OK) != 0) GTEST_SKIP() << "SKIPPED: no /proc/self/net here";
  EXPECT_NE(counts.syn_cookies, std::nullopt);
  const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  ASSERT_GE(fd, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(53);
  ::inet_pton(AF_INET, "127.18.83.42", &address.sin_addr);
  const bool bound = ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  const KernelCounts ours = read_kernel_counts(::getpid(), {{Family::V4, "127.18.83.42"}});
  ::close(fd);
  if (!bound) GTEST_SKIP() << "SKIPPED: port 53 is not for this user";
  EXPECT_THAT(ours.udp_drops, Optional(Eq(0U)));
}

}  // namespace
}  // namespace imrs::ctl

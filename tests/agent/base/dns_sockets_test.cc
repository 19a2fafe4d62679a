// Options of the DNS sockets, as the kernel says them.
#include "agent/base/dns_sockets.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace imrs {
namespace {

int option(const UniqueFd& fd, int level, int name) {
  int value = -1;
  socklen_t size = sizeof value;
  EXPECT_EQ(::getsockopt(fd.get(), level, name, &value, &size), 0);
  return value;
}

UniqueFd open_any(Family family, Transport transport) {
  auto fd = open_dns_socket(family, transport, family == Family::V4 ? "127.0.0.1" : "::1", 0, {});
  EXPECT_TRUE(fd.ok()) << (fd ? "" : fd.error().message);
  return fd ? std::move(*fd) : UniqueFd();
}

TEST(DnsSockets, AreSharedNonBlockingAndCloseOnExec) {
  for (const Family family : kFamilies) {
    for (const Transport transport : kTransports) {
      const UniqueFd fd = open_any(family, transport);
      EXPECT_EQ(option(fd, SOL_SOCKET, SO_REUSEPORT), 1);
      EXPECT_NE(::fcntl(fd.get(), F_GETFD) & FD_CLOEXEC, 0);
      EXPECT_NE(::fcntl(fd.get(), F_GETFL) & O_NONBLOCK, 0);
    }
  }
}

TEST(DnsSockets, TcpListensWithSmallSegments) {
  const UniqueFd fd = open_any(Family::V4, Transport::Tcp);
  EXPECT_EQ(option(fd, SOL_SOCKET, SO_ACCEPTCONN), 1);
  EXPECT_EQ(option(fd, IPPROTO_TCP, TCP_NODELAY), 1);
}

TEST(DnsSockets, UdpKeepsNoPathMtuState) {
  const UniqueFd v4 = open_any(Family::V4, Transport::Udp);
  const int mode = option(v4, IPPROTO_IP, IP_MTU_DISCOVER);
  EXPECT_EQ(mode, IP_PMTUDISC_OMIT);
  const UniqueFd v6 = open_any(Family::V6, Transport::Udp);
  EXPECT_EQ(option(v6, IPPROTO_IPV6, IPV6_V6ONLY), 1);
}

TEST(DnsSockets, ErrorNamesTransportAddressAndPort) {
  const auto wrong = open_dns_socket(Family::V4, Transport::Udp, "2001:db8::1", 53, {});
  ASSERT_FALSE(wrong.ok());
  EXPECT_THAT(wrong.error().message, testing::HasSubstr("udp 2001:db8::1 port 53"));
  const auto absent = open_dns_socket(Family::V4, Transport::Tcp, "192.0.2.1", 0, {});
  ASSERT_FALSE(absent.ok());
  EXPECT_THAT(absent.error().message, testing::HasSubstr("tcp 192.0.2.1 port 0: bind: "));
}

TEST(DnsSockets, FreebindTakesAnAddressThatIsNotThereYet) {
  EXPECT_TRUE(open_dns_socket(Family::V4, Transport::Udp, "192.0.2.1", 0, {.freebind = true}).ok());
}

}  // namespace
}  // namespace imrs

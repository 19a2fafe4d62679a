// The steering on real sockets: a marked question reaches exactly its worker's private socket, and
// nothing without a mark ever does.
#include "agent/steering.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <set>
#include <string>

#include "agent/service_sockets.h"

namespace imrs::agent {
namespace {

constexpr std::uint32_t kWorkers = 2;

class SteeringTest : public testing::TestWithParam<Family> {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root: SO_MARK needs CAP_NET_ADMIN";
    ServiceConfig service;
    service.addresses = {{GetParam(), GetParam() == Family::V4 ? "127.0.0.1" : "::1"}};
    service.port = 15353;
    auto sockets = ServiceSockets::open(service, kWorkers);
    ASSERT_TRUE(sockets.ok()) << sockets.error().message;
    sockets_ = std::move(*sockets);
  }

  // Sends one packet (or connects) from a new port; says which socket got it, "worker/private".
  std::string arrival(Transport transport, std::uint32_t mark) {
    const bool udp = transport == Transport::Udp;
    UniqueFd client(::socket(GetParam() == Family::V4 ? AF_INET : AF_INET6,
                             (udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, 0));
    if (mark != 0) {
      EXPECT_EQ(::setsockopt(client.get(), SOL_SOCKET, SO_MARK, &mark, sizeof mark), 0);
    }
    connect_to_service(client.get());
    if (udp) {
      EXPECT_EQ(::send(client.get(), "x", 1, 0), 1);
    }
    return take(transport);
  }

  ServiceSockets sockets_;

 private:
  static void connect_to_service(int fd) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(15353);
    v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(15353);
    v6.sin6_addr = in6addr_loopback;
    const bool is_v4 = GetParam() == Family::V4;
    const auto* address = is_v4 ? reinterpret_cast<const sockaddr*>(&v4)
                                : reinterpret_cast<const sockaddr*>(&v6);
    ASSERT_EQ(::connect(fd, address, is_v4 ? sizeof v4 : sizeof v6), 0);
  }

  std::string take(Transport transport) {
    std::vector<pollfd> watched;
    for (const auto& entry : sockets_.entries()) watched.push_back({entry.fd.get(), POLLIN, 0});
    EXPECT_EQ(::poll(watched.data(), watched.size(), 2000), 1);
    for (std::size_t i = 0; i < watched.size(); ++i) {
      if (watched[i].revents == 0) continue;
      const SocketRole& role = sockets_.entries()[i].role;
      EXPECT_EQ(role.transport, static_cast<std::uint8_t>(transport));
      char octet;
      if (transport == Transport::Udp) {
        EXPECT_EQ(::recv(watched[i].fd, &octet, 1, 0), 1);
      } else {
        const UniqueFd accepted(::accept(watched[i].fd, nullptr, nullptr));
        EXPECT_TRUE(accepted.valid());
      }
      return std::to_string(role.worker) + (role.probe != 0 ? "/private" : "/public");
    }
    return "nowhere";
  }
};

TEST_P(SteeringTest, AMarkReachesItsWorkersPrivateSocket) {
  for (const Transport transport : kTransports) {
    for (std::uint32_t worker = 0; worker < kWorkers; ++worker) {
      for (int i = 0; i < 20; ++i) {
        ASSERT_EQ(arrival(transport, kProbeMark + worker), std::to_string(worker) + "/private")
            << to_string(transport);
      }
    }
  }
}

TEST_P(SteeringTest, EverythingElseIsSpreadOverThePublicSockets) {
  for (const Transport transport : kTransports) {
    std::set<std::string> reached;
    for (int i = 0; i < 200; ++i) reached.insert(arrival(transport, 0));
    for (const std::uint32_t mark : {1U, kProbeMark - 1, kProbeMark + kWorkers, 0xffffffffU}) {
      reached.insert(arrival(transport, mark));
    }
    EXPECT_EQ(reached, (std::set<std::string>{"0/public", "1/public"})) << to_string(transport);
  }
}

INSTANTIATE_TEST_SUITE_P(Families, SteeringTest, testing::ValuesIn(kFamilies),
                         [](const auto& family) { return std::string(to_string(family.param)); });

}  // namespace
}  // namespace imrs::agent

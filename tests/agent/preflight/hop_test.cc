// A router that says by ICMP that a hop limit was too small: three network namespaces in a row, two of them
// held by children of the test.
#include "agent/preflight/hop.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <thread>

#include "agent/base/unique_fd.h"

namespace imrs::preflight {
namespace {

const Question kSoa{{}, 6, 0, false};

// Does nothing, in a namespace of its own, until it is killed.
class Namespace {
 public:
  Namespace() {
    int ends[2];
    if (::pipe(ends) != 0) return;
    const UniqueFd ours(ends[0]);
    UniqueFd its(ends[1]);
    pid_ = ::fork();
    if (pid_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      if (::unshare(CLONE_NEWNET) != 0 || ::write(its.get(), "x", 1) != 1) ::_exit(1);
      its.reset();
      for (;;) ::pause();
    }
    its.reset();
    char octet = 0;
    there_ = ::read(ours.get(), &octet, 1) == 1;
  }
  Namespace(const Namespace&) = delete;
  Namespace& operator=(const Namespace&) = delete;
  ~Namespace() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }

  [[nodiscard]] bool there() const { return there_; }
  [[nodiscard]] std::string pid() const { return std::to_string(pid_); }
  [[nodiscard]] bool run(const std::string& command) const {
    return std::system(("nsenter -t " + pid() + " -n " + command + " 2>/dev/null").c_str()) == 0;
  }

 private:
  pid_t pid_ = -1;
  bool there_ = false;
};

bool here(const std::string& command) { return std::system((command + " 2>/dev/null").c_str()) == 0; }

// This thread's namespace == router == server, both families. The links first: an IPv6 address is of no use
// before its link is up.
bool set_up(const Namespace& router, const Namespace& server) {
  return ::unshare(CLONE_NEWNET) == 0 &&
         here("ip link add v0 type veth peer name v1 netns " + router.pid()) &&
         router.run("ip link add w1 type veth peer name w0 netns " + server.pid()) &&
         here("ip link set v0 up") && router.run("ip link set v1 up") && router.run("ip link set w1 up") &&
         server.run("ip link set w0 up") &&
         router.run("sysctl -q -w net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1") &&
         here("ip addr add 192.0.2.2/30 dev v0") && here("ip addr add 2001:db8:1::2/64 dev v0 nodad") &&
         router.run("ip addr add 192.0.2.1/30 dev v1") &&
         router.run("ip addr add 2001:db8:1::1/64 dev v1 nodad") &&
         router.run("ip addr add 198.51.100.1/24 dev w1") &&
         router.run("ip addr add 2001:db8:2::1/64 dev w1 nodad") &&
         server.run("ip addr add 198.51.100.53/24 dev w0") &&
         server.run("ip addr add 2001:db8:2::53/64 dev w0 nodad") &&
         here("ip route add default via 192.0.2.1") && here("ip -6 route add default via 2001:db8:1::1");
}

TEST(Hop, ARouterOnTheWayIsHeard) {
  const Namespace router, server;
  bool ready = false, blocked = false;
  HopSeen far4, far6, near4, filtered;
  if (router.there() && server.there()) {
    std::thread([&] {
      ready = set_up(router, server);
      if (!ready) return;
      far4 = provoke_icmp({{Family::V4, "198.51.100.53"}, 53, {}}, kSoa);
      far6 = provoke_icmp({{Family::V6, "2001:db8:2::53"}, 53, IpAddress{Family::V6, "2001:db8:1::2"}}, kSoa);
      near4 = provoke_icmp({{Family::V4, "192.0.2.1"}, 53, {}},
                           kSoa);  // refuses the port, and routes nothing
      blocked = here(
          "nft 'add table ip t; add chain ip t c { type filter hook input priority 0; policy drop; }'");
      if (blocked) filtered = provoke_icmp({{Family::V4, "198.51.100.53"}, 53, {}}, kSoa);
    }).join();
  }
  if (!ready) GTEST_SKIP() << "needs root, ip and nsenter, for network namespaces";
  EXPECT_EQ(far4.reporter, "192.0.2.1");
  EXPECT_EQ(far4.target, "198.51.100.53");
  EXPECT_EQ(far4.family, Family::V4);
  EXPECT_EQ(far6.reporter, "2001:db8:1::1");
  EXPECT_EQ(near4.reporter, "");
  EXPECT_TRUE(blocked) << "nft is needed to see what a firewall does";
  EXPECT_EQ(filtered.reporter, "") << "a firewall that lets no ICMP in";
  EXPECT_EQ(filtered.target, "198.51.100.53");
}

TEST(Hop, WithoutARouteNothingIsHeard) {
  HopSeen seen{.family = Family::V4, .target = "", .reporter = "x"};
  bool allowed = false;
  std::thread([&] {
    allowed = ::unshare(CLONE_NEWNET) == 0;
    if (allowed) seen = provoke_icmp({{Family::V4, "198.51.100.53"}, 53, {}}, kSoa);
  }).join();
  if (!allowed) GTEST_SKIP() << "needs root, for a network namespace";
  EXPECT_EQ(seen.reporter, "");
}

}  // namespace
}  // namespace imrs::preflight

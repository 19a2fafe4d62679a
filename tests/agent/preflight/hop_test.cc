// Routers that say by ICMP that a hop limit was too small: four network namespaces in a row, three of them
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

// A veth pair, up at both ends, with an address of each family on either.
struct Cable {
  const char *from, *to;  // devices
  const char *from4, *from6, *to4, *to6;
};
constexpr Cable kFirst{"v0", "v1", "192.0.2.2/30", "2001:db8:1::2/64", "192.0.2.1/30", "2001:db8:1::1/64"};
constexpr Cable kSecond{
    "w0", "w1", "203.0.113.1/30", "2001:db8:2::1/64", "203.0.113.2/30", "2001:db8:2::2/64"};
constexpr Cable kThird{
    "x0", "x1", "198.51.100.1/24", "2001:db8:3::1/64", "198.51.100.53/24", "2001:db8:3::53/64"};

// The link first: an IPv6 address is of no use before its link is up.
template <typename Run>
bool join(const Run& run, const Namespace& other, const Cable& link) {
  const auto text = [](const char* one) { return std::string(one); };
  return run("ip link add " + text(link.from) + " type veth peer name " + link.to + " netns " +
             other.pid()) &&
         run("ip link set " + text(link.from) + " up") && other.run("ip link set " + text(link.to) + " up") &&
         run("ip addr add " + text(link.from4) + " dev " + link.from) &&
         run("ip addr add " + text(link.from6) + " dev " + link.from + " nodad") &&
         other.run("ip addr add " + text(link.to4) + " dev " + link.to) &&
         other.run("ip addr add " + text(link.to6) + " dev " + link.to + " nodad");
}

bool defaults(const auto& run, const std::string& via4, const std::string& via6) {
  return run("ip route add default via " + via4) && run("ip -6 route add default via " + via6);
}

// This thread's namespace == gateway == router == server, both families.
bool set_up(const Namespace& gateway, const Namespace& router, const Namespace& server) {
  const auto in = [](const Namespace& one) {
    return [&one](const std::string& command) { return one.run(command); };
  };
  // A router asks for its IPv6 neighbours from its link-local address, which must not be under test still.
  const char* const forward =
      "sysctl -q -w net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv6.conf.all.accept_dad=0 "
      "net.ipv6.conf.default.accept_dad=0";
  return ::unshare(CLONE_NEWNET) == 0 && gateway.run(forward) && router.run(forward) &&
         join(here, gateway, kFirst) && join(in(gateway), router, kSecond) &&
         join(in(router), server, kThird) && defaults(here, "192.0.2.1", "2001:db8:1::1") &&
         defaults(in(gateway), "203.0.113.2", "2001:db8:2::2") &&
         defaults(in(router), "203.0.113.1", "2001:db8:2::1") &&
         defaults(in(server), "198.51.100.1", "2001:db8:3::1");
}

// What is heard in that row, from the beginning of it.
struct Heard {
  bool ready = false, muted = false, blocked = false;  // how far it was set up
  HopSeen far4, far6, beside4, next4, muted4, filtered4;
};

HopSeen provoke4(const char* target) { return provoke_icmp({{Family::V4, target}, 53, {}}, kSoa); }

constexpr const char* kMute =  // a router that says nothing
    "nft 'add table ip t; add chain ip t c { type filter hook output priority 0; }; "
    "add rule ip t c icmp type time-exceeded drop'";
constexpr const char* kBlock =  // a firewall that lets no ICMP in
    "nft 'add table ip t; add chain ip t c { type filter hook input priority 0; policy drop; }'";

Heard hear() {
  Heard heard;
  const Namespace gateway, router, server;
  if (!gateway.there() || !router.there() || !server.there()) return heard;
  std::thread([&] {
    heard.ready = set_up(gateway, router, server);
    if (!heard.ready) return;
    heard.far4 = provoke4("198.51.100.53");
    heard.far6 = provoke_icmp({{Family::V6, "2001:db8:3::53"}, 53, IpAddress{Family::V6, "2001:db8:1::2"}},
                              kSoa);
    heard.beside4 = provoke4("203.0.113.2");
    heard.next4 = provoke4("192.0.2.1");
    heard.muted = router.run(kMute);
    if (heard.muted) heard.muted4 = provoke4("198.51.100.53");
    heard.blocked = here(kBlock);
    if (heard.blocked) heard.filtered4 = provoke4("198.51.100.53");
  }).join();
  return heard;
}

TEST(Hop, RoutersOnTheWayAreHeard) {
  const Heard heard = hear();
  if (!heard.ready) GTEST_SKIP() << "needs root, ip and nsenter, for network namespaces";
  EXPECT_TRUE(heard.muted && heard.blocked) << "nft is needed to see what a firewall does";
  const struct {
    const char* description;
    const HopSeen& seen;
    const char *target, *reporter;
    int hops;
  } cases[] = {
      {"the second router, not the gateway", heard.far4, "198.51.100.53", "203.0.113.2", 2},
      {"the same by IPv6", heard.far6, "2001:db8:3::53", "2001:db8:2::2", 2},
      {"only the gateway is on the way", heard.beside4, "203.0.113.2", "192.0.2.1", 1},
      {"the gateway itself refuses the port, and routes nothing", heard.next4, "192.0.2.1", "", 0},
      {"the second router says nothing", heard.muted4, "198.51.100.53", "192.0.2.1", 1},
      {"a firewall lets no ICMP in", heard.filtered4, "198.51.100.53", "", 0},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(c.seen.target, c.target) << c.description;
    EXPECT_EQ(c.seen.reporter, c.reporter) << c.description;
    EXPECT_EQ(c.seen.hops, c.hops) << c.description;
  }
  EXPECT_EQ(heard.far4.family, Family::V4);
  EXPECT_EQ(heard.far6.family, Family::V6);
}

TEST(Hop, WithoutARouteNothingIsHeard) {
  HopSeen seen{.family = Family::V4, .target = "", .reporter = "x", .hops = 9};
  bool allowed = false;
  std::thread([&] {
    allowed = ::unshare(CLONE_NEWNET) == 0;
    if (allowed) seen = provoke_icmp({{Family::V4, "198.51.100.53"}, 53, {}}, kSoa);
  }).join();
  if (!allowed) GTEST_SKIP() << "needs root, for a network namespace";
  EXPECT_EQ(seen.reporter, "");
  EXPECT_EQ(seen.hops, 0);
}

}  // namespace
}  // namespace imrs::preflight

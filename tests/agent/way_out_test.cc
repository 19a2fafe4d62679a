// The way out: what is made of the kernel's looks at a next hop, and all of it in network namespaces with a
// real route and a real next hop to lose. Needs root for these.
#include "agent/way_out.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sched.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/udp.hpp>
#include <cstdlib>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "agent/base/unique_fd.h"

namespace imrs::agent {
namespace {

using std::chrono::milliseconds;
using testing::Each;
using testing::HasSubstr;
using Clock = std::chrono::steady_clock;
using Answers = std::optional<bool>;

// ---- what is made of the looks ----------------------------------------------------------------------------

constexpr const char *kFirst = "192.0.2.2 on v0", *kSecond = "192.0.2.6 on v0";

// Looks every 200 ms for so long, as the supervisor does.
struct Looks {
  int ms;
  Neighbour seen;
  const char* next_hop = kFirst;
};

// What the last look has shown.
Answers after(std::initializer_list<Looks> looks, NextHops next_hops = {}) {
  Answers last;
  Clock::time_point now{};
  for (const Looks& look : looks) {
    for (const auto end = now + milliseconds(look.ms); now < end; now += milliseconds(200)) {
      last = next_hops.look(look.next_hop, look.seen, now);
    }
  }
  return last;
}

constexpr auto kAsking = Neighbour::Asking, kFailed = Neighbour::Failed, kThere = Neighbour::There;
constexpr int kHours = 7'200'000;

TEST(NextHops, OneThatHasBeenSilentIsSoUntilItAnswers) {
  EXPECT_EQ(after({{1000, kThere}, {200, kFailed}}), false);
  EXPECT_EQ(after({{1000, kThere}, {200, kFailed}, {200, kAsking}}), false) << "we have asked again";
  EXPECT_EQ(after({{1000, kThere}, {200, kFailed}, {3000, kAsking}, {200, kFailed}, {400, kAsking}}), false);
  EXPECT_EQ(after({{200, kFailed}, {200, Neighbour::Unknown}}), false) << "the kernel has tidied up";
  EXPECT_EQ(after({{200, kFailed}, {kHours, kAsking}}), false);
  EXPECT_EQ(after({{200, kFailed}, {3000, kAsking}, {200, kThere}}), true);
}

TEST(NextHops, UnderTrafficItIsOnlyEverSeenBeingAskedFor) {
  EXPECT_EQ(after({{1000, kThere}, {1200, kAsking}}), std::nullopt) << "an answer to the second may come";
  EXPECT_EQ(after({{1000, kThere}, {1600, kAsking}}), false);
  EXPECT_EQ(after({{1000, kThere}, {kHours, kAsking}}), false);
  EXPECT_EQ(after({{1000, kThere}, {5000, kAsking}, {200, kThere}}), true);
  EXPECT_EQ(after({{1000, kThere}, {5000, kAsking}, {200, kThere}, {1000, kAsking}}), std::nullopt);
}

TEST(NextHops, AHealthyOneIsNotJudgedBeforeItWasAskedAndSilent) {
  EXPECT_EQ(after({{kHours, kThere}, {200, kAsking}}), std::nullopt) << "nobody had use for it for hours";
  EXPECT_EQ(after({{kHours, kThere}, {200, kAsking}, {200, kThere}}), true);
  EXPECT_EQ(after({{200, kAsking}}), std::nullopt) << "at the start";
  EXPECT_EQ(after({{200, kAsking}, {200, kThere}}), true);
  EXPECT_EQ(after({{1000, kAsking}, {200, kThere}, {1200, kAsking}}), std::nullopt) << "each time for itself";
  EXPECT_EQ(after({{kHours, Neighbour::Unknown}}), true) << "a link on which nobody is asked for";
}

TEST(NextHops, SeveralThatAreLookedAtInTurnAreRememberedEach) {
  NextHops next_hops;
  Clock::time_point now{};
  std::vector<Answers> last;
  for (int i = 0; i < 10; ++i, now += milliseconds(200)) {
    last.push_back(next_hops.look(i % 2 == 0 ? kFirst : kSecond, kAsking, now));
  }
  EXPECT_EQ(last.front(), std::nullopt);
  EXPECT_THAT((std::vector{last[8], last[9]}), Each(Answers(false)));
}

TEST(NextHops, OneThatNoRouteLedByIsJudgedAfresh) {
  EXPECT_EQ(after({{200, kFailed}, {6000, kThere, kSecond}, {200, kAsking}}), std::nullopt);
  EXPECT_EQ(after({{200, kFailed}, {2000, kThere, kSecond}, {200, kAsking}}), false);
  NextHops next_hops;
  EXPECT_EQ(next_hops.look(kFirst, kAsking, Clock::time_point()), std::nullopt);
  next_hops.forget();
  EXPECT_EQ(next_hops.look(kFirst, kAsking, Clock::time_point() + milliseconds(3000)), std::nullopt);
}

// ---- in namespaces ----------------------------------------------------------------------------------------

bool ip(const std::string& command) {
  return std::system(("ip " + command + " >/dev/null 2>&1").c_str()) == 0;
}

UniqueFd own_namespace() { return UniqueFd(::open("/proc/thread-self/ns/net", O_RDONLY)); }

// This machine and its next hop, each in a namespace of its own. For a thread of its own, which is here then.
class Link {
 public:
  bool set_up() {
    if (::unshare(CLONE_NEWNET) != 0) return false;
    there_ = own_namespace();
    if (::unshare(CLONE_NEWNET) != 0) return false;
    here_ = own_namespace();
    return ip("link add v0 type veth peer name v1") && hasten() && ip("addr add 192.0.2.1/30 dev v0") &&
           ip("addr add 2001:db8:1::1/64 dev v0 nodad") && ip("link set v0 up") &&
           ip("link set v1 netns /proc/self/fd/" + std::to_string(there_.get())) && peer("link set v1 up");
  }

  // ip(8) at the next hop.
  [[nodiscard]] bool peer(const std::string& command) const {
    if (!enter(there_)) return false;
    const bool done = ip(command);
    return enter(here_) && done;
  }
  // Without its addresses the next hop answers nobody who asks for them; the carrier stays.
  [[nodiscard]] bool revive() const {
    return peer("addr add 192.0.2.2/30 dev v1") && peer("addr add 2001:db8:1::2/64 dev v1 nodad");
  }
  [[nodiscard]] bool kill() const { return peer("addr flush dev v1"); }

  bool enter_here() const { return enter(here_); }

 private:
  static bool enter(const UniqueFd& net) { return ::setns(net.get(), CLONE_NEWNET) == 0; }

  // The kernel's minute, from the last answer to giving up, in a second. And the address that it asks from in
  // IPv6 is there at once: until it is, nobody is really asked.
  static bool hasten() {
    bool done = set("ipv6/conf/v0/accept_dad", 0);
    for (const std::string family : {"ipv4", "ipv6"}) {
      done = done && set(family + "/neigh/v0/base_reachable_time_ms", 200) &&
             set(family + "/neigh/v0/delay_first_probe_time", 0) &&
             set(family + "/neigh/v0/retrans_time_ms", 100);
    }
    return done;
  }
  static bool set(const std::string& what, int value) {
    std::ofstream file("/proc/sys/net/" + what);
    file << value << std::flush;
    return file.good();
  }

  UniqueFd here_, there_;  // inherited by ip(8)
};

// A packet of each family, to far away.
void send_packets() {
  namespace asio_ip = boost::asio::ip;
  boost::asio::io_context io;
  for (const char* to : {"198.51.100.1", "2001:db8:2::1"}) {
    const asio_ip::udp::endpoint far(asio_ip::make_address(to), 9);
    asio_ip::udp::socket socket(io, far.protocol());
    boost::system::error_code unheard;
    socket.send_to(boost::asio::buffer("x", 1), far, 0, unheard);
  }
}

// Some hundred a second, for as long as this is there.
class Traffic {
 public:
  explicit Traffic(const Link& link) : thread_([this, &link] { run(link); }) {}
  ~Traffic() {
    stop_ = true;
    thread_.join();
  }

 private:
  void run(const Link& link) const {
    if (!link.enter_here()) return;
    while (!stop_) {
      send_packets();
      std::this_thread::sleep_for(milliseconds(2));
    }
  }

  std::atomic<bool> stop_{false};
  std::thread thread_;
};

// All looks for so long, or until both families are as wanted, which a busy machine may take long for.
struct Seen {
  std::vector<Answers> of[2];
  bool reached = false;
};
constexpr milliseconds kPatience{60'000};
Seen look_for(WaysOut& ways, milliseconds time, Answers wanted = std::nullopt) {
  Seen seen;
  for (const auto end = Clock::now() + time; !seen.reached && Clock::now() < end;) {
    for (const Family family : kFamilies) {
      const auto way = ways.look(family);
      EXPECT_TRUE(way) << way.error().message;
      if (way) seen.of[static_cast<int>(family)].push_back(way->usable);
    }
    seen.reached = wanted && std::ranges::all_of(seen.of, [&](const auto& all) {
                     return !all.empty() && all.back() == wanted;
                   });
    std::this_thread::sleep_for(milliseconds(20));
  }
  return seen;
}

enum class Load { Steady, OnePacket, NoneAndForgotten };

void lose_and_find_the_next_hop(const Link& link, Load load) {
  WaysOut ways;
  std::optional<Traffic> traffic;
  ASSERT_TRUE(ip("route add default via 192.0.2.2") && ip("-6 route add default via 2001:db8:1::2"));
  ASSERT_TRUE(link.revive());
  if (load == Load::Steady) traffic.emplace(link);
  EXPECT_TRUE(look_for(ways, kPatience, true).reached) << "unknown, and there";
  for (const auto& all : look_for(ways, milliseconds(1500)).of) EXPECT_THAT(all, Each(Answers(true)));

  ASSERT_TRUE(link.kill());
  if (load == Load::OnePacket) send_packets();
  const bool forgets = load == Load::NoneAndForgotten;
  ASSERT_TRUE(!forgets || (ip("neigh flush dev v0") && ip("-6 neigh flush dev v0")));
  EXPECT_TRUE(look_for(ways, kPatience, false).reached);
  for (const auto& all : look_for(ways, milliseconds(2000)).of) EXPECT_THAT(all, Each(Answers(false)));

  ASSERT_TRUE(link.revive());
  EXPECT_TRUE(look_for(ways, kPatience, true).reached);
  for (const auto& all : look_for(ways, milliseconds(500)).of) EXPECT_THAT(all, Each(Answers(true)));
}

// A thread of its own: the namespace is the thread's.
template <typename Test>
void in_namespaces(Test test) {
  bool there = false;
  std::thread([&] {
    Link link;
    there = link.set_up();
    if (there) test(link);
  }).join();
  if (!there) GTEST_SKIP() << "NOT TESTED: no network namespace here";
}

TEST(WayOut, ANextHopThatDiesUnderTrafficStaysDead) {
  in_namespaces([](const Link& link) { lose_and_find_the_next_hop(link, Load::Steady); });
}

TEST(WayOut, ANextHopThatDiesWithoutTrafficStaysDead) {
  in_namespaces([](const Link& link) { lose_and_find_the_next_hop(link, Load::OnePacket); });
}

TEST(WayOut, ADeadNextHopThatNobodyKnowsIsAskedFor) {
  in_namespaces([](const Link& link) { lose_and_find_the_next_hop(link, Load::NoneAndForgotten); });
}

struct Step {
  const char* change;  // arguments of ip(8)
  Family family;
  Answers usable;
  const char* detail;  // substring
};

// Nobody is at the other end.
constexpr Step kSteps[] = {
    {"link show v0", Family::V4, false, "no route to the clients"},
    {"route add default via 192.0.2.2 dev v0", Family::V4, std::nullopt, "by 192.0.2.2 on v0"},
    {"neigh replace 192.0.2.2 dev v0 nud failed", Family::V4, false,
     "next hop 192.0.2.2 on v0 does not answer"},
    {"link show v0", Family::V4, false, "does not answer"},  // asked for again, by us
    {"neigh replace 192.0.2.2 dev v0 lladdr 02:00:00:00:00:01 nud permanent", Family::V4, true,
     "by 192.0.2.2"},
    {"link set v0 down", Family::V4, false, "no route to the clients"},
    {"link set v0 up", Family::V4, false, "no route to the clients"},
    {"route replace default dev v0", Family::V4, true, "by v0"},
    {"route replace blackhole default", Family::V4, false, "no route to the clients"},
    {"addr replace 2001:db8:1::1/64 dev v0 nodad", Family::V6, false, "no route to the clients"},
    {"-6 route add default via 2001:db8:1::2 dev v0", Family::V6, std::nullopt, "by 2001:db8:1::2 on v0"},
    {"-6 neigh replace 2001:db8:1::2 dev v0 nud failed", Family::V6, false, "does not answer"},
    {"-6 route del default", Family::V6, false, "no route to the clients"},
};

// Of IPv4, within five seconds: the kernel tells of a link a moment after it was set.
bool comes(WaysOut& ways, bool usable, const std::string& detail) {
  const auto end = Clock::now() + std::chrono::seconds(5);
  while (Clock::now() < end) {
    const auto seen = ways.look(Family::V4);
    if (seen && seen->usable == usable && seen->detail == detail) return true;
    std::this_thread::sleep_for(milliseconds(20));
  }
  return false;
}

TEST(WayOut, IsARouteByALinkAndANextHopThatAreThere) {
  in_namespaces([](const Link& link) {
    WaysOut ways;
    const auto expect = [&](const Step& step) {
      const auto seen = ways.look(step.family);
      ASSERT_TRUE(seen) << seen.error().message;
      EXPECT_EQ(seen->usable, step.usable) << step.change << ": " << seen->detail;
      EXPECT_THAT(seen->detail, HasSubstr(step.detail)) << step.change;
    };
    for (const Step& step : kSteps) {
      ASSERT_TRUE(ip(step.change)) << step.change;
      expect(step);
    }
    ASSERT_TRUE(ip("route replace default via 192.0.2.2 dev v0") && link.peer("link set v1 down"));
    EXPECT_TRUE(comes(ways, false, "the link v0 is down"));
    ASSERT_TRUE(link.revive() && link.peer("link set v1 up"));
    EXPECT_TRUE(comes(ways, true, "by 192.0.2.2 on v0"));
  });
}

}  // namespace
}  // namespace imrs::agent

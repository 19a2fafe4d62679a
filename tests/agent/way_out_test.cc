// The way out, in a network namespace of its own with a real route to lose.
#include "agent/way_out.h"

#include <gmock/gmock.h>
#include <sched.h>

#include <cstdlib>
#include <string>
#include <thread>

namespace imrs::agent {
namespace {

using testing::HasSubstr;

bool ip(const std::string& command) { return std::system(("ip " + command + " 2>/dev/null").c_str()) == 0; }

// Both ends of a link, ours with an address.
bool set_up() {
  return ::unshare(CLONE_NEWNET) == 0 && ip("link add v0 type veth peer name v1") && ip("link set v0 up") &&
         ip("link set v1 up") && ip("addr add 192.0.2.1/30 dev v0") &&
         ip("addr add 2001:db8:1::1/64 dev v0 nodad");
}

struct Step {
  const char* change;  // arguments of ip(8)
  Family family;
  bool usable;
  const char* detail;  // substring
};

constexpr Step kSteps[] = {
    {"link show v0", Family::V4, false, "no route to the clients"},
    {"route add default via 192.0.2.2 dev v0", Family::V4, true, "by 192.0.2.2 on v0"},
    {"link set v1 down", Family::V4, false, "the link v0 is down"},
    {"link set v1 up", Family::V4, true, "by 192.0.2.2 on v0"},
    {"neigh replace 192.0.2.2 dev v0 nud failed", Family::V4, false,
     "next hop 192.0.2.2 on v0 does not answer"},
    {"neigh replace 192.0.2.2 dev v0 lladdr 02:00:00:00:00:01 nud permanent", Family::V4, true,
     "by 192.0.2.2"},
    {"route replace blackhole default", Family::V4, false, "no route to the clients"},
    {"link show v0", Family::V6, false, "no route to the clients"},
    {"-6 route add default via 2001:db8:1::2 dev v0", Family::V6, true, "by 2001:db8:1::2 on v0"},
    {"-6 neigh replace 2001:db8:1::2 dev v0 nud failed", Family::V6, false, "does not answer"},
    {"-6 route del default", Family::V6, false, "no route to the clients"},
};

TEST(WayOut, IsARouteByALinkAndANextHopThatAreThere) {
  bool there = false;
  // A thread of its own: the namespace is the thread's.
  std::thread([&] {
    there = set_up();
    for (const Step& step : kSteps) {
      if (!there) return;
      ASSERT_TRUE(ip(std::string(step.change) + " >/dev/null")) << step.change;
      const auto seen = look_for_way_out(step.family);
      ASSERT_TRUE(seen) << seen.error().message;
      EXPECT_EQ(seen->usable, step.usable) << step.change << ": " << seen->detail;
      EXPECT_THAT(seen->detail, HasSubstr(step.detail)) << step.change;
    }
  }).join();
  if (!there) GTEST_SKIP() << "NOT TESTED: no network namespace here";
}

}  // namespace
}  // namespace imrs::agent

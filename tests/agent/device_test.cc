// The dead-man's device in a network namespace of its own, and what others do to it there. Needs root.
#include "agent/device.h"

#include <gmock/gmock.h>
#include <net/if.h>
#include <sched.h>

#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

namespace imrs::agent {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Clock = std::chrono::steady_clock;

constexpr const char* kDevice = "anycast0";

std::vector<IpAddress> addresses() {
  return {{.family = Family::V4, .text = "192.0.2.53"}, {.family = Family::V6, .text = "2001:db8::53"}};
}

bool ip_tool(const std::string& command) {
  return std::system(("ip " + command + " >/dev/null 2>&1").c_str()) == 0;
}

// A device that is made and up, in a thread of its own: the namespace is the thread's.
template <typename Test>
void with_device(Test test) {
  std::string missing;
  std::thread([&] {
    auto device = ::unshare(CLONE_NEWNET) == 0 ? AnycastDevice::open() : system_error("no network namespace");
    if (!device) {
      missing = device.error().message;
      return;
    }
    const auto made = device->create(kDevice, addresses());
    ASSERT_TRUE(made) << made.error().message;
    test(*device);
  }).join();
  if (!missing.empty()) GTEST_SKIP() << "NOT TESTED: " << missing;
}

DeviceSeen look() {
  const auto seen = look_at_device(kDevice);
  EXPECT_TRUE(seen) << seen.error().message;
  return seen ? *seen : DeviceSeen{};
}

bool has_its_addresses() {
  const DeviceSeen seen = look();
  return seen.addresses.contains("192.0.2.53") && seen.addresses.contains("2001:db8::53");
}

TEST(AnycastDevice, IsSeenWithItsAddressesWhileItIsUp) {
  with_device([](AnycastDevice& device) {
    EXPECT_EQ(look().index, static_cast<int>(::if_nametoindex(kDevice)));
    EXPECT_TRUE(has_its_addresses());
    ASSERT_TRUE(device.set_link(false));
    EXPECT_NE(look().index, 0);
    EXPECT_THAT(look().addresses, ElementsAre());
    ASSERT_TRUE(ip_tool("link del anycast0"));
    EXPECT_EQ(look().index, 0);
  });
}

TEST(AnycastDevice, ThatWasDeletedIsGoneAndIsMadeAnewByTheSameDescriptor) {
  with_device([](AnycastDevice& device) {
    ASSERT_TRUE(device.set_carrier(true));
    for (int time = 0; time < 3; ++time) {
      EXPECT_FALSE(device.gone());
      ASSERT_TRUE(ip_tool("link del anycast0"));
      EXPECT_TRUE(device.gone());
      device.forget();
      EXPECT_FALSE(device.created());
      EXPECT_FALSE(device.gone()) << "nor is there one that could be";
      EXPECT_FALSE(device.carrier());
      EXPECT_FALSE(device.link_up());
      const auto made = device.create(kDevice, addresses());
      ASSERT_TRUE(made) << made.error().message;
      EXPECT_TRUE(device.created());
      EXPECT_TRUE(has_its_addresses());
      EXPECT_FALSE(device.carrier()) << "the first announcement opens it";
      EXPECT_TRUE(device.set_carrier(true));
    }
  });
}

TEST(AnycastDevice, ThatIsTakenDownOrFlushedIsNotGone) {
  with_device([](AnycastDevice& device) {
    for (const char* change : {"link set anycast0 down", "addr flush dev anycast0", "link show anycast0"}) {
      ASSERT_TRUE(ip_tool(change)) << change;
      EXPECT_FALSE(device.gone()) << change;
      EXPECT_FALSE(device.displaced(look(), Clock::now())) << change;
    }
  });
}

TEST(AnycastDevice, IsMendedByALookThatBeganAfterItsLastChange) {
  with_device([](AnycastDevice& device) {
    EXPECT_FALSE(*device.mend(look(), Clock::now())) << "it is whole";
    const auto before = Clock::now();
    ASSERT_TRUE(ip_tool("link set anycast0 down"));
    const DeviceSeen without = look();
    ASSERT_TRUE(device.set_link(true));
    EXPECT_FALSE(*device.mend(without, before)) << "that it had none is no longer so";
    EXPECT_TRUE(has_its_addresses());
    for (const char* change : {"link set anycast0 down", "-6 addr flush dev anycast0"}) {
      ASSERT_TRUE(ip_tool(change)) << change;
      EXPECT_TRUE(*device.mend(look(), Clock::now())) << change;
      EXPECT_TRUE(has_its_addresses()) << change;
    }
    ASSERT_TRUE(device.set_link(false));
    EXPECT_FALSE(*device.mend(look(), Clock::now())) << "it is meant to be down";
  });
}

TEST(AnycastDevice, ThatHasAnotherNameIsDisplacedAndNotMadeASecondTime) {
  with_device([](AnycastDevice& device) {
    const auto before = Clock::now();
    ASSERT_TRUE(ip_tool("link set anycast0 down") && ip_tool("link set anycast0 name other0"));
    EXPECT_FALSE(device.gone());
    EXPECT_TRUE(device.displaced(look(), Clock::now()));
    ASSERT_TRUE(device.set_link(true));
    EXPECT_FALSE(device.displaced(look(), before)) << "a look from before the last change";
    device.forget();
    const auto made = device.create(kDevice, addresses());
    ASSERT_FALSE(made);
    EXPECT_THAT(made.error().message, HasSubstr(kDevice));
  });
}

}  // namespace
}  // namespace imrs::agent

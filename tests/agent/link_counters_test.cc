// The kernel's counters of an interface.
#include "agent/link_counters.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <vector>

#include "agent/base/unique_fd.h"

namespace imrs::agent {
namespace {

using testing::HasSubstr;

bool is_up(const char* device) {
  const UniqueFd fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request{};
  std::snprintf(request.ifr_name, sizeof request.ifr_name, "%s", device);
  return ::ioctl(fd.get(), SIOCGIFFLAGS, &request) == 0 && (request.ifr_flags & IFF_UP) != 0;
}

// Sends that many datagrams of that size to itself, by 127.0.0.1.
void talk_to_self(int datagrams, std::size_t size) {
  const UniqueFd fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* const name = reinterpret_cast<sockaddr*>(&address);
  socklen_t length = sizeof address;
  ASSERT_EQ(::bind(fd.get(), name, length), 0);
  ASSERT_EQ(::getsockname(fd.get(), name, &length), 0);
  std::vector<char> content(size), got(size);
  for (int i = 0; i < datagrams; ++i) {
    ASSERT_EQ(::sendto(fd.get(), content.data(), size, 0, name, length), static_cast<ssize_t>(size));
    ASSERT_EQ(::recv(fd.get(), got.data(), size, 0), static_cast<ssize_t>(size));
  }
}

TEST(LinkCounters, GrowWithTheTraffic) {
  if (!is_up("lo")) GTEST_SKIP() << "lo is down here: nothing can go through it";
  constexpr int kDatagrams = 20;
  constexpr std::size_t kSize = 1000;
  const auto before = read_link_counters("lo");
  ASSERT_TRUE(before.ok()) << before.error().message;
  EXPECT_EQ(before->device, "lo");
  talk_to_self(kDatagrams, kSize);
  const auto after = read_link_counters("lo");
  ASSERT_TRUE(after.ok()) << after.error().message;
  EXPECT_GE(after->receive_packets, before->receive_packets + kDatagrams);
  EXPECT_GE(after->transmit_packets, before->transmit_packets + kDatagrams);
  EXPECT_GE(after->receive_bytes, before->receive_bytes + kDatagrams * kSize);
  EXPECT_GE(after->transmit_bytes, before->transmit_bytes + kDatagrams * kSize);
  EXPECT_GE(after->receive_drops, before->receive_drops);
}

// As /proc has them, or they are the numbers of something else.
TEST(LinkCounters, AreThoseOfTheKernel) {
  if (!is_up("lo")) GTEST_SKIP() << "lo is down here: nothing can go through it";
  const auto from_proc = [](int column) -> std::uint64_t {
    FILE* const file = std::fopen("/proc/net/dev", "re");
    std::uint64_t value = 0;
    for (char line[512]; file != nullptr && std::fgets(line, sizeof line, file) != nullptr;) {
      unsigned long long columns[9]{};
      if (std::sscanf(line, " lo: %llu %llu %llu %llu %llu %llu %llu %llu %llu", &columns[0], &columns[1],
                      &columns[2], &columns[3], &columns[4], &columns[5], &columns[6], &columns[7],
                      &columns[8]) == 9) {
        value = columns[column];
      }
    }
    if (file != nullptr) std::fclose(file);
    return value;
  };
  talk_to_self(1, 100);
  const std::uint64_t low_bytes = from_proc(0), low_packets = from_proc(1);
  const auto counters = read_link_counters("lo");
  ASSERT_TRUE(counters.ok()) << counters.error().message;
  ASSERT_GT(low_bytes, 0U);
  EXPECT_GE(counters->receive_bytes, low_bytes);
  EXPECT_LE(counters->receive_bytes, from_proc(0));
  EXPECT_GE(counters->receive_packets, low_packets);
  EXPECT_LE(counters->receive_packets, from_proc(1));
}

TEST(LinkCounters, ADeviceThatIsNotThereIsNamed) {
  for (const char* device : {"no-such-device", "eth0; reboot", "a-name-that-no-interface-can-have", ""}) {
    const auto counters = read_link_counters(device);
    ASSERT_FALSE(counters.ok()) << device;
    EXPECT_THAT(counters.error().message, HasSubstr(device));
    EXPECT_EQ(counters.error().code, Errc::System) << device;
  }
}

TEST(LinkCounters, OneThatIsNotThereHasNoCarrier) {
  EXPECT_FALSE(has_carrier("no-such-device").ok());
  const auto link = look_at_link("no-such-device");
  ASSERT_TRUE(link);
  EXPECT_EQ(link->device, "no-such-device");
  EXPECT_FALSE(link->carrier);
  if (!is_up("lo")) GTEST_SKIP() << "SKIPPED: lo is down here";
  EXPECT_TRUE(look_at_link("lo")->carrier);
  EXPECT_TRUE(has_carrier("lo").ok());
}

TEST(LinkCounters, OneThatCannotBeSeenIsNotOneThatIsDown) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit none = before;
  none.rlim_cur = 0;  // what is open stays open
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  const auto link = look_at_link("lo");
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_FALSE(link);
}

TEST(LinkCounters, LeaveNoDescriptorOpen) {
  const auto next_fd = [] { return UniqueFd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)).get(); };
  const int before = next_fd();
  for (int i = 0; i < 10; ++i) (void)look_at_link(i % 2 == 0 ? "lo" : "no-such-device");
  EXPECT_EQ(next_fd(), before);
}

}  // namespace
}  // namespace imrs::agent

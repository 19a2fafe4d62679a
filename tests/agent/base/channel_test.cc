// Channels: whole messages, descriptors, and what happens when the peer is gone, slow or broken.
#include "agent/base/channel.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/socket.h>

#include <thread>

#include "agent/base/messages.h"

namespace imrs {
namespace {

std::pair<Channel, Channel> make_pair() {
  auto pair = Channel::make_pair();
  EXPECT_TRUE(pair.ok());
  return std::move(*pair);
}

std::vector<std::uint8_t> octets(std::size_t size) { return std::vector<std::uint8_t>(size, 7); }

int open_null() { return ::open("/dev/null", O_RDONLY | O_CLOEXEC); }

TEST(Channel, BothEndsAreCloseOnExecAndNonBlocking) {
  const auto [a, b] = make_pair();
  for (const int fd : {a.fd(), b.fd()}) {
    EXPECT_NE(::fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
    EXPECT_NE(::fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
  }
}

TEST(Channel, MessagesStayWholeAndInOrder) {
  const auto [a, b] = make_pair();
  ASSERT_TRUE(a.send(octets(3)).ok());
  ASSERT_TRUE(a.send(octets(5)).ok());
  EXPECT_EQ(b.wait(1000).value().bytes.size(), 3U);
  EXPECT_EQ(b.wait(1000).value().bytes.size(), 5U);
  const auto nothing = b.receive();
  ASSERT_TRUE(nothing.ok());
  EXPECT_FALSE(nothing->has_value());
}

TEST(Channel, LargestMessageArrives) {
  const auto [a, b] = make_pair();
  ASSERT_TRUE(a.send(octets(kMaxPacket)).ok());
  EXPECT_EQ(b.wait(1000).value().bytes.size(), kMaxPacket);
  const auto refused = a.send(octets(kMaxPacket + 1));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Errc::InvalidInput);
}

TEST(Channel, PassesDescriptorsCloseOnExec) {
  const auto [a, b] = make_pair();
  const UniqueFd first(open_null());
  const UniqueFd second(open_null());
  const int fds[] = {first.get(), second.get()};
  EngineImage message;
  message.generation = 42;
  ASSERT_TRUE(a.send_message(message, fds).ok());
  const Packet packet = b.wait(1000).value();
  ASSERT_EQ(packet.fds.size(), 2U);
  for (const UniqueFd& fd : packet.fds) EXPECT_NE(::fcntl(fd.get(), F_GETFD) & FD_CLOEXEC, 0);
  EXPECT_EQ(packet.as<EngineImage>().value().generation, 42U);
}

TEST(Channel, PassesTheMostDescriptorsAndNoMore) {
  const auto [a, b] = make_pair();
  const UniqueFd null(open_null());
  const std::vector<int> most(kMaxPacketFds, null.get());
  ASSERT_TRUE(a.send(octets(4), most).ok());
  EXPECT_EQ(b.wait(1000).value().fds.size(), kMaxPacketFds);
  const std::vector<int> too_many(kMaxPacketFds + 1, null.get());
  EXPECT_EQ(a.send(octets(4), too_many).error().code, Errc::InvalidInput);
}

// A peer that does not use our code can send more than we take.
TEST(Channel, RefusesACutMessage) {
  auto [a, b] = make_pair();
  const int room = 1 << 20;
  ::setsockopt(a.fd(), SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
  const auto large = octets(kMaxPacket + 1);
  ASSERT_EQ(::send(a.fd(), large.data(), large.size(), 0), static_cast<ssize_t>(large.size()));
  const auto received = b.receive();
  ASSERT_FALSE(received.ok());
  EXPECT_EQ(received.error().code, Errc::InvalidInput);
  ASSERT_TRUE(a.send(octets(1)).ok());  // the next one is whole again
  EXPECT_EQ(b.wait(1000).value().bytes.size(), 1U);
}

TEST(Channel, AnotherTypeOrSizeIsNotTheMessage) {
  const auto [a, b] = make_pair();
  ASSERT_TRUE(a.send_message(EngineServing{}).ok());
  const Packet packet = b.wait(1000).value();
  EXPECT_EQ(packet.type(), EngineServing::kType);
  EXPECT_FALSE(packet.as<EngineRefused>().has_value());
  Packet cut;
  cut.bytes.assign(packet.bytes.begin(), packet.bytes.end() - 1);
  EXPECT_FALSE(cut.as<EngineServing>().has_value());
  EXPECT_EQ(Packet{}.type(), 0U);
}

TEST(Channel, GonePeerIsClosedOnBothSides) {
  auto [a, b] = make_pair();
  ASSERT_TRUE(a.send(octets(2)).ok());
  a.close();
  EXPECT_EQ(b.wait(1000).value().bytes.size(), 2U);  // what was sent before is not lost
  EXPECT_EQ(b.wait(1000).error().code, Errc::Closed);
  EXPECT_EQ(b.receive().error().code, Errc::Closed);
  EXPECT_EQ(b.send(octets(1)).error().code, Errc::Closed);
}

TEST(Channel, PeerThatDoesNotReadDoesNotBlockUs) {
  const auto [a, b] = make_pair();
  Result<void> sent;
  int count = 0;
  while (sent.ok() && count < 100000) {
    sent = a.send(octets(1024));
    ++count;
  }
  ASSERT_FALSE(sent.ok());
  EXPECT_EQ(sent.error().code, Errc::Unavailable);
  ASSERT_TRUE(b.receive().ok());
  EXPECT_TRUE(a.send(octets(1024)).ok());  // room again
}

TEST(Channel, WaitEndsAtItsTime) {
  const auto [a, b] = make_pair();
  EXPECT_EQ(b.wait(10).error().code, Errc::Timeout);
}

TEST(Channel, WaitWakesForALateMessage) {
  const auto [a, b] = make_pair();
  const std::jthread sender([&end = a] { EXPECT_TRUE(end.send(octets(9)).ok()); });
  EXPECT_EQ(b.wait(5000).value().bytes.size(), 9U);
}

}  // namespace
}  // namespace imrs

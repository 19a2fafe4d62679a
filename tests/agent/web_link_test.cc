// How snapshots get to imrs-web, and what comes of one that does not read them; with this test playing
// launcher and imrs-web at the other ends of the real channels.
#include "agent/web_link.h"

#include <gmock/gmock.h>

#include "tests/agent/played_child.h"

namespace imrs::agent {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class WebLinkTest : public PlayedChild {
 protected:
  WebLinkTest() : PlayedChild(Program::Web) {}

  void SetUp() override {
    PlayedChild::SetUp();
    auto counters = make_sealed_memfd("counters", std::vector<std::uint8_t>(1));
    ASSERT_TRUE(counters.ok());
    counters_ = std::move(*counters);
    link_.start(
        *processes_, counters_.get(), [] { return Snapshot(); },
        [this](std::string line) { notes_.push_back(std::move(line)); });
    ASSERT_TRUE(until([this] { return seen_.size() == 1; })) << "the one that it starts with";
    began_ = WebLink::Clock::now();
  }

  void hear(const Packet& packet) override {
    if (packet.as<WebSetup>()) return;
    ASSERT_EQ(packet.type(), kWebSnapshot);
    std::string text(packet.bytes.begin() + sizeof kWebSnapshot, packet.bytes.end());
    if (!packet.fds.empty()) {
      ASSERT_THAT(text, IsEmpty());
      const auto mapping = map_sealed(packet.fds.front().get());
      ASSERT_TRUE(mapping.ok()) << mapping.error().message;
      text.assign(reinterpret_cast<const char*>(mapping->bytes().data()), mapping->size());
    }
    const auto snapshot = snapshot_from_json(text);
    ASSERT_TRUE(snapshot.ok()) << snapshot.error().message;
    seen_.push_back(snapshot->identity);
  }

  // One whose text is that much longer than need be; sent so many seconds after the start.
  void send(int second, const std::string& identity = "small", std::size_t more = 0) {
    Snapshot snapshot;
    snapshot.identity = identity;
    snapshot.alarms = {std::string(more, 'x')};
    link_.send(snapshot, began_ + seconds(second));
  }
  bool is_killed() {
    return until([this] { return killed_ == pid_; });
  }

  UniqueFd counters_;
  const Config config_;
  WebLink link_ = WebLink::adopt(config_, {}, {});
  std::vector<std::string> seen_, notes_;
  WebLink::Clock::time_point began_;
};

TEST_F(WebLinkTest, OneThatReadsNothingIsKilledOnceAndStartedAgain) {
  for (int second = 0; second < 30; ++second) send(second);
  EXPECT_THAT(notes_, IsEmpty());
  for (int second = 30; second < 40; ++second) send(second);
  EXPECT_THAT(notes_, ElementsAre(HasSubstr("imrs-web hangs: it has read nothing for 30 s")));
  ASSERT_TRUE(is_killed());
  seen_.clear();
  die();
  ASSERT_TRUE(until([this] { return seen_.size() == 1; })) << "the next one starts with the state of now";
  killed_ = 0;
  send(1);
  ASSERT_TRUE(until([this] { return seen_.size() == 2; }));
  send(2);
  EXPECT_THAT(notes_, testing::SizeIs(1));
  EXPECT_EQ(killed_, 0) << "the next one has its own time";
}

// A busy one is always behind, and reads.
TEST_F(WebLinkTest, OneThatReadsSlowlyIsLeftAlone) {
  for (int second = 0; second < 5; ++second) send(second);
  for (int second = 5; second < 100; ++second) {
    send(second);
    if (second % 20 != 0) continue;
    auto packet = child_.receive();
    ASSERT_TRUE(packet.ok() && *packet) << "there was more than it has read";
  }
  EXPECT_THAT(notes_, IsEmpty());
}

TEST_F(WebLinkTest, WhatIsTooLargeForAMessageComesAllTheSame) {
  for (const std::size_t more :
       {kMaxPacket - 2000, kMaxPacket - 10, kMaxPacket, 2 * kMaxPacket, 20 * kMaxPacket}) {
    SCOPED_TRACE(more);
    seen_.clear();
    send(0, std::to_string(more), more);
    ASSERT_TRUE(until([this] { return !seen_.empty(); }));
    EXPECT_THAT(seen_, ElementsAre(std::to_string(more)));
  }
}

// Each is some hundred thousand octets of memory.
TEST_F(WebLinkTest, NoMoreThanOneLargeOneIsOnItsWay) {
  seen_.clear();
  for (int second = 0; second < 29; ++second) send(second, std::to_string(second), 2 * kMaxPacket);
  ASSERT_TRUE(until([this] { return !seen_.empty(); }));
  EXPECT_THAT(seen_, ElementsAre("0"));
  send(29, "29", 2 * kMaxPacket);
  ASSERT_TRUE(until([this] { return seen_.size() == 2; }));
  EXPECT_EQ(seen_.back(), "29");
  EXPECT_THAT(notes_, IsEmpty());
}

TEST_F(WebLinkTest, OneThatDoesNotReadLargeOnesHangsAsWell) {
  for (int second = 0; second < 40; ++second) send(second, "large", 2 * kMaxPacket);
  EXPECT_TRUE(is_killed());
  EXPECT_THAT(notes_, testing::SizeIs(1));
}

}  // namespace
}  // namespace imrs::agent

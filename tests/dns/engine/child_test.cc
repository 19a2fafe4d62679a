// The built imrs-engine as a child: set-up, images, refusals, and its end with the agent's.
#include <gmock/gmock.h>

#include "dns/engine/child.h"
#include "tests/dns/engine/child_fixture.h"

namespace imrs::test {
namespace {

TEST_F(Child, ServesImageAfterImageAndEndsWithTheAgent) {
  set_up(2, 2);
  for (std::uint64_t generation = 1; generation <= 3; ++generation) {
    const auto image = image_of(three_zones(static_cast<std::uint32_t>(generation)));
    send_image(*image, generation);
    EXPECT_EQ(wait_serving(), generation);
    EXPECT_EQ(ask(query_), response_to(*image, query_));
  }
  const auto pages = counts::Pages::map_worker_pages(pages_.get(), 2);
  ASSERT_TRUE(pages.ok());
  const auto* page = static_cast<const WorkerPage*>(pages->address());
  EXPECT_EQ(page[0].traffic[0][0].queries + page[1].traffic[0][0].queries, 3U);
  EXPECT_EQ(page[0].generation, 3U);
  EXPECT_EQ(end(), 0);
}

TEST_F(Child, RefusedImageLeavesTheOldOneInService) {
  set_up(1, 1);
  const auto image = image_of(three_zones(1));
  send_image(*image, 1);
  ASSERT_EQ(wait_serving(), 1U);
  Octets damaged = image_octets(three_zones(2));
  damaged[damaged.size() / 2] ^= 1;
  send_image(damaged, 2, image->digest());
  auto refused = wait_refused();
  ASSERT_TRUE(refused.has_value());
  EXPECT_EQ(refused->generation, 2U);
  EXPECT_THAT(refused->reason.str(), testing::HasSubstr("its digest differs"));
  send_image(image_octets(three_zones(2)), 3, image->digest());
  refused = wait_refused();
  ASSERT_TRUE(refused.has_value());
  EXPECT_THAT(refused->reason.str(), testing::HasSubstr("not the one announced"));
  EXPECT_EQ(ask(query_), response_to(*image, query_));
  send_image(*image_of(three_zones(4)), 4);
  EXPECT_EQ(wait_serving(), 4U);
  EXPECT_EQ(end(), 0);
}

// Whose workers have no time at all to take an image.
class HurriedChild : public Child {
 protected:
  [[noreturn]] void run() override {
    const auto ended = engine::run_child(Channel(UniqueFd(kChildChannelFd)), 4096,
                                         std::chrono::milliseconds(0));
    ::_exit(!ended && ended.error().code == Errc::Timeout ? 42 : 1);
  }
};

// It has been published, so it is neither served nor refused: the next engine will be offered it.
TEST_F(HurriedChild, AnImageThatAWorkerDoesNotTakeEndsTheEngineWithoutAWord) {
  constexpr std::uint8_t kWorkers = 8;  // that all of them take it between two instructions is no risk
  set_up(kWorkers, kWorkers);
  send_image(*image_of(three_zones(1)), 1);
  const auto packet = channel_.wait(kPatienceMs);
  ASSERT_FALSE(packet.ok());
  EXPECT_EQ(packet.error().code, Errc::Closed);
  EXPECT_EQ(end(), 42);
}

TEST_F(Child, SocketsWithoutWorkersAreRefusedAndItEnds) {
  set_up(1, 2);
  const auto refused = wait_refused();
  ASSERT_TRUE(refused.has_value());
  EXPECT_EQ(refused->generation, 0U);
  EXPECT_THAT(refused->reason.str(), testing::HasSubstr("worker 1, but there are 1"));
  EXPECT_EQ(channel_.wait(kPatienceMs).error().code, Errc::Closed);
  EXPECT_EQ(end(), 1);
}

TEST_F(Child, MessageItDoesNotKnowIsRefused) {
  ASSERT_TRUE(channel_.send(Octets(40)).ok());
  const auto refused = wait_refused();
  ASSERT_TRUE(refused.has_value());
  EXPECT_THAT(refused->reason.str(), testing::HasSubstr("unexpected message"));
  EXPECT_EQ(end(), 1);
}

TEST_F(Child, AgentGoneBeforeTheSetupIsANormalEnd) { EXPECT_EQ(end(), 0); }

TEST_F(Child, AgentGoneBeforeTheFirstImageIsANormalEnd) {
  set_up(1, 1);
  EXPECT_EQ(end(), 0);
}

}  // namespace
}  // namespace imrs::test

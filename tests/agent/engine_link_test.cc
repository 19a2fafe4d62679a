// The swap of images, with this test playing launcher and engine at the other ends of the real channels.
#include "agent/engine_link.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <optional>

#include "agent/base/memfd.h"
#include "tests/support/test_zones.h"

namespace imrs::agent {
namespace {

using std::chrono::milliseconds;

SharedImage shared_image(std::uint32_t serial) {
  auto memfd = make_sealed_memfd("imrs-image", test::image_octets(test::three_zones(serial)));
  auto image = image::Image::map(memfd->get());
  return {*image, std::make_shared<UniqueFd>(std::move(*memfd))};
}

class EngineLinkTest : public testing::Test {
 protected:
  void SetUp() override {
    auto pair = Channel::make_pair();
    ASSERT_TRUE(pair.ok());
    launcher_ = std::move(pair->second);
    processes_ = std::make_unique<Processes>(context_.get_executor(), std::move(pair->first));
    boost::asio::co_spawn(context_, processes_->run(), boost::asio::detached);
    ServiceConfig service;
    service.addresses = {{Family::V4, "127.0.0.1"}};
    service.port = 15390;
    auto sockets = ServiceSockets::open(service, 1);
    ASSERT_TRUE(sockets.ok()) << sockets.error().message;
    auto link = EngineLink::make(context_.get_executor(),
                                 {.identity = "test", .workers = 1, .settle = milliseconds(20)},
                                 std::move(*sockets), *processes_, expectations_);
    ASSERT_TRUE(link.ok()) << link.error().message;
    link_ = std::move(*link);
    link_->start([this](const image::Image& image) { live_ = image.zones().back().serial; });
    ASSERT_TRUE(until([this] { return engine_.valid(); }));
  }

  // Turns the loop and plays launcher and engine until the condition holds; false after two seconds.
  template <typename Condition>
  bool until(Condition condition) {
    for (int i = 0; i < 1000; ++i) {
      context_.run_for(milliseconds(2));
      context_.restart();
      play_launcher();
      hear_engine();
      if (condition()) return true;
    }
    return false;
  }

  // The engine gets an image; its digest is kept in offer_.
  bool gets_an_image() {
    offer_.reset();
    return until([this] { return offer_.has_value(); });
  }
  void serve() {
    EngineServing serving;
    serving.generation = offer_->generation;
    ASSERT_TRUE(engine_.send_message(serving).ok());
  }
  void refuse(const char* why) {
    EngineRefused refused;
    refused.generation = offer_->generation;
    refused.reason = why;
    ASSERT_TRUE(engine_.send_message(refused).ok());
  }
  // The engine dies; the next one is there when this returns.
  void die() {
    engine_.close();
    LaunchExited exited;
    exited.pid = pid_;
    ASSERT_TRUE(launcher_.send_message(exited).ok());
    ASSERT_TRUE(until([this] { return engine_.valid(); }));
  }
  void goes_live(const SharedImage& image, std::uint32_t serial) {
    link_->publish(image);
    ASSERT_TRUE(gets_an_image());
    EXPECT_EQ(offer_->digest, image.image->digest());
    serve();
    ASSERT_TRUE(until([&] { return live_ == serial; }));
  }

  boost::asio::io_context context_;
  health::Expectations expectations_;
  std::unique_ptr<Processes> processes_;
  std::unique_ptr<EngineLink> link_;
  Channel launcher_, engine_;
  std::optional<EngineImage> offer_;
  std::int32_t pid_ = 1000;
  std::int32_t killed_ = 0;
  std::uint32_t live_ = 0;
  const SharedImage first_ = shared_image(1), second_ = shared_image(2), third_ = shared_image(3);

 private:
  void play_launcher() {
    for (;;) {
      auto packet = launcher_.receive();
      if (!packet || !*packet) return;
      if (auto order = (*packet)->as<LaunchStart>()) {
        engine_ = Channel(std::move((*packet)->fds[0]));
        LaunchStarted started;
        started.pid = ++pid_;
        ASSERT_TRUE(launcher_.send_message(started).ok());
      } else if (auto kill = (*packet)->as<LaunchKill>()) {
        killed_ = kill->pid;
      }
    }
  }
  void hear_engine() {
    while (engine_.valid()) {
      auto packet = engine_.receive();
      if (!packet || !*packet) return;
      if (auto image = (*packet)->as<EngineImage>()) offer_ = *image;
    }
  }
};

TEST_F(EngineLinkTest, ARestartedEngineGetsWhatWasServed) {
  goes_live(first_, 1);
  die();
  ASSERT_TRUE(gets_an_image());
  EXPECT_EQ(offer_->digest, first_.image->digest());
}

TEST_F(EngineLinkTest, OfTwoThatComeDuringASwapOnlyTheNewestFollows) {
  link_->publish(first_);
  ASSERT_TRUE(gets_an_image());
  link_->publish(second_);
  link_->publish(third_);
  offer_->generation = 1;
  serve();
  ASSERT_TRUE(gets_an_image());
  EXPECT_EQ(offer_->digest, third_.image->digest());
}

TEST_F(EngineLinkTest, ARefusedImageIsTakenBack) {
  goes_live(first_, 1);
  ASSERT_TRUE(until([this] { return link_->trouble().empty(); }));
  link_->publish(second_);
  // The settling of the first one comes before.
  ASSERT_TRUE(gets_an_image());
  refuse("no room");
  ASSERT_TRUE(gets_an_image());
  EXPECT_EQ(offer_->digest, first_.image->digest());
  EXPECT_NE(link_->trouble().find("no room"), std::string::npos) << link_->trouble();
  serve();
  goes_live(third_, 3);
  EXPECT_EQ(link_->trouble(), "");
}

TEST_F(EngineLinkTest, AnImageThatKillsTheEngineTwiceIsTakenBack) {
  goes_live(first_, 1);
  link_->publish(second_);
  ASSERT_TRUE(gets_an_image());
  die();
  ASSERT_TRUE(gets_an_image());
  EXPECT_EQ(offer_->digest, second_.image->digest()) << "one end may have been chance";
  die();
  ASSERT_TRUE(gets_an_image());
  EXPECT_EQ(offer_->digest, first_.image->digest());
}

TEST_F(EngineLinkTest, TheFirstImageRefusedIsOfferedToTheNextEngine) {
  link_->publish(first_);
  ASSERT_TRUE(gets_an_image());
  refuse("not now");
  ASSERT_TRUE(until([this] { return !link_->trouble().empty(); }));
  EXPECT_TRUE(expectations_.ready());
  die();
  ASSERT_TRUE(gets_an_image());
  EXPECT_EQ(offer_->digest, first_.image->digest());
  serve();
  ASSERT_TRUE(until([this] { return live_ == 1; }));
}

TEST_F(EngineLinkTest, AnEngineThatSendsWhatItMayNotIsKilled) {
  const std::array<std::uint8_t, 8> junk{1, 2, 3, 4, 5, 6, 7, 8};
  ASSERT_TRUE(engine_.send(junk).ok());
  ASSERT_TRUE(until([this] { return killed_ == pid_; }));
}

// However much a child sends, the loop has its turn: the timer below fires.
TEST_F(EngineLinkTest, AFloodFromTheEngineDoesNotHoldUpTheLoop) {
  const std::array<std::uint8_t, 8> junk{1, 2, 3, 4, 5, 6, 7, 8};
  boost::asio::steady_timer timer(context_, milliseconds(5));
  bool fired = false;
  timer.async_wait([&](const boost::system::error_code&) { fired = true; });
  ASSERT_TRUE(until([&] {
    while (engine_.valid() && engine_.send(junk).ok()) {
    }
    return fired;
  }));
}

}  // namespace
}  // namespace imrs::agent

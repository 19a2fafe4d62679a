// The swap of images, with this test playing launcher and engine at the other ends of the real channels.
#include "agent/engine_link.h"

#include <gmock/gmock.h>
#include <sys/resource.h>

#include <algorithm>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <optional>
#include <vector>

#include "agent/base/dns_sockets.h"
#include "tests/agent/played_child.h"

namespace imrs::agent {
namespace {

using std::chrono::milliseconds;

// Nobody else's: with SO_REUSEPORT two builds that are tested at once would share it.
std::uint16_t port() { return static_cast<std::uint16_t>(10'000 + ::getpid() % 20'000); }

class EngineLinkTest : public PlayedChild {
 protected:
  EngineLinkTest() : PlayedChild(Program::Engine) {}

  void SetUp() override {
    PlayedChild::SetUp();
    ServiceConfig service;
    service.addresses = {{Family::V4, "127.0.0.1"}};
    service.port = port();
    auto sockets = ServiceSockets::open(service, 1);
    ASSERT_TRUE(sockets.ok()) << sockets.error().message;
    auto link = EngineLink::make(context_.get_executor(),
                                 {.identity = "test", .workers = 1, .settle = milliseconds(20)},
                                 std::move(*sockets), *processes_, expectations_);
    ASSERT_TRUE(link.ok()) << link.error().message;
    link_ = std::move(*link);
    link_->start([this](const image::Image& image) { live_ = image.zones().back().serial; });
    ASSERT_TRUE(until([this] { return child_.valid(); }));
  }

  void hear(const Packet& packet) override {
    if (auto image = packet.as<EngineImage>()) {
      offer_ = *image;
      offers_.push_back(image->digest);
    }
    if (auto settings = packet.as<EngineSettings>()) settings_ = *settings;
    if (packet.as<EngineSetup>()) {
      auto pages = counts::Pages::map(packet.fds[0].get(), 1, true);
      ASSERT_TRUE(pages.ok()) << pages.error().message;
      pages_ = std::move(*pages);
    }
  }

  // The engine gets an image; its digest is kept in offer_.
  bool gets_an_image() {
    offer_.reset();
    return until([this] { return offer_.has_value(); });
  }
  void serve() {
    EngineServing serving;
    serving.generation = offer_->generation;
    ASSERT_TRUE(child_.send_message(serving).ok());
  }
  void refuse(const char* why) {
    EngineRefused refused;
    refused.generation = offer_->generation;
    refused.reason = why;
    ASSERT_TRUE(child_.send_message(refused).ok());
  }
  // The engine refuses what it is offered and is killed for it; the next one gets the same.
  void is_replaced_for_refusing(const SharedImage& image) {
    const std::int32_t first = pid_;
    refuse("no room");
    ASSERT_TRUE(until([&] { return killed_ == first; }));
    EXPECT_EQ(link_->trouble(), "") << "another engine may take it";
    die();
    ASSERT_TRUE(gets_an_image());
    EXPECT_EQ(offer_->digest, image.image->digest());
  }
  // Two engines die of a question; the third is told to drop it.
  void question_is_denied() {
    ASSERT_TRUE(until([this] { return !pages_.empty(); }));
    pages_.workers()[0].fatal = 0xabc;
    for (int i = 0; i < 2; ++i) die();
    ASSERT_TRUE(is_told_to_deny(1));
  }
  bool is_told_to_deny(std::uint32_t count) {
    return until([this, count] { return settings_ && settings_->denied_count == count; });
  }
  void goes_live(const SharedImage& image, std::uint32_t serial) {
    link_->publish(image);
    ASSERT_TRUE(gets_an_image());
    EXPECT_EQ(offer_->digest, image.image->digest());
    serve();
    ASSERT_TRUE(until([&] { return live_ == serial; }));
  }

  health::Expectations expectations_;
  std::unique_ptr<EngineLink> link_;
  std::optional<EngineImage> offer_;  // the last one
  std::vector<Digest> offers_;        // all of them
  std::optional<EngineSettings> settings_;
  std::uint32_t live_ = 0;
  counts::Pages pages_;  // as the engine has them
  const SharedImage first_ = shared_image(1), second_ = shared_image(2), third_ = shared_image(3);
};

TEST_F(EngineLinkTest, ARestartedEngineGetsWhatWasServed) {
  goes_live(first_, 1);
  die();
  ASSERT_TRUE(gets_an_image());
  EXPECT_EQ(offer_->digest, first_.image->digest());
}

TEST_F(EngineLinkTest, TheSameImageAgainChangesNothing) {
  goes_live(first_, 1);
  const std::uint64_t generation = link_->generation();
  link_->publish(first_);
  goes_live(second_, 2);
  EXPECT_EQ(link_->generation(), generation + 1);
}

TEST_F(EngineLinkTest, TheEngineIsToldOfExpiredZonesAlsoAfterARestart) {
  goes_live(first_, 1);
  const auto is_told = [this](std::uint32_t zones) {
    return until([&] { return settings_ && settings_->expired == zones; });
  };
  link_->set_expired(2);
  EXPECT_TRUE(is_told(2));
  settings_.reset();
  die();
  EXPECT_TRUE(is_told(2));
  link_->set_expired(0);
  EXPECT_TRUE(is_told(0));
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
  is_replaced_for_refusing(second_);
  refuse("no room");
  ASSERT_TRUE(gets_an_image());
  EXPECT_EQ(offer_->digest, first_.image->digest());
  EXPECT_NE(link_->trouble().find("no room"), std::string::npos) << link_->trouble();
  serve();
  goes_live(third_, 3);
  EXPECT_EQ(link_->trouble(), "");
}

TEST_F(EngineLinkTest, WhatOneEngineRefusesTheNextMayServe) {
  goes_live(first_, 1);
  link_->publish(second_);
  ASSERT_TRUE(gets_an_image());
  offers_.clear();
  is_replaced_for_refusing(second_);
  EXPECT_THAT(offers_, testing::ElementsAre(first_.image->digest(), second_.image->digest()))
      << "it has nothing to answer from while it looks at the new one";
  const std::uint64_t refused = offer_->generation;
  offer_->generation = link_->generation();
  serve();  // the one before
  offer_->generation = refused;
  serve();
  ASSERT_TRUE(until([this] { return live_ == 2; }));
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
  is_replaced_for_refusing(first_);
  refuse("not now");
  ASSERT_TRUE(until([this] { return !link_->trouble().empty(); }));
  EXPECT_TRUE(expectations_.ready());
  die();
  ASSERT_TRUE(gets_an_image());
  EXPECT_EQ(offer_->digest, first_.image->digest());
  serve();
  ASSERT_TRUE(until([this] { return live_ == 1; }));
}

// The engine goes on over an upgrade in place, with what it was told before.
TEST_F(EngineLinkTest, TheNextAgentDeniesTheSame) {
  goes_live(first_, 1);
  question_is_denied();
  ASSERT_TRUE(until([this] { return !link_->swapping(); }));
  HandedEngine handed = link_->hand_over();
  handed.channel = ::dup(handed.channel);
  handed.counters = ::dup(handed.counters);
  auto next = EngineLink::adopt(context_.get_executor(), {.identity = "test", .workers = 1},
                                ServiceSockets(std::vector<ServiceSockets::Entry>()), *processes_,
                                expectations_, handed, first_);
  ASSERT_TRUE(next.ok()) << next.error().message;
  settings_.reset();
  (*next)->start([](const image::Image&) {});
  link_ = std::move(*next);
  link_->set_expired(0);
  EXPECT_TRUE(is_told_to_deny(1));
  EXPECT_EQ(link_->alarms().size(), 1U);
}

TEST_F(EngineLinkTest, AnEngineThatSendsWhatItMayNotIsKilled) {
  const std::array<std::uint8_t, 8> junk{1, 2, 3, 4, 5, 6, 7, 8};
  ASSERT_TRUE(child_.send(junk).ok());
  ASSERT_TRUE(until([this] { return killed_ == pid_; }));
}

// However much a child sends, the loop has its turn: the timer below fires.
TEST_F(EngineLinkTest, AFloodFromTheEngineDoesNotHoldUpTheLoop) {
  const std::array<std::uint8_t, 8> junk{1, 2, 3, 4, 5, 6, 7, 8};
  boost::asio::steady_timer timer(context_, milliseconds(5));
  bool fired = false;
  timer.async_wait([&](const boost::system::error_code&) { fired = true; });
  ASSERT_TRUE(until([&] {
    while (child_.valid() && child_.send(junk).ok()) {
    }
    return fired;
  }));
}

// What clients want of a worker that takes nothing, until its public queue has no room.
class UnderAFlood : public EngineLinkTest {
 protected:
  void SetUp() override {
    EngineLinkTest::SetUp();
    ASSERT_TRUE(until([this] { return !pages_.empty(); }));
    page_ = pages_.workers().data();
  }

  void flood_tcp() {
    rlimit files{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &files), 0);
    files.rlim_cur = std::min<rlim_t>(files.rlim_max, 4096);
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &files), 0);
    const boost::asio::ip::tcp::endpoint engine(boost::asio::ip::make_address("127.0.0.1"), port());
    const int beyond = clients_.empty() ? DnsSocketOptions().backlog + 100 : 100;
    for (int i = 0; i < beyond; ++i) {
      clients_.emplace_back(context_, engine.protocol());
      clients_.back().non_blocking(true);
      // Not by Asio, which would wait for an answer; there is none for those beyond.
      const int begun = ::connect(clients_.back().native_handle(), engine.data(), socklen_t(engine.size()));
      ASSERT_TRUE(begun == 0 || errno == EINPROGRESS) << i;
    }
  }
  void flood_udp() {
    const boost::asio::ip::udp::endpoint engine(boost::asio::ip::make_address("127.0.0.1"), port());
    boost::asio::ip::udp::socket client(context_, engine.protocol());
    const std::vector<char> octets(1000);
    for (int i = 0; i < 10000; ++i) client.send_to(boost::asio::buffer(octets), engine);
  }

  // One question that is not answered, with what happens meanwhile.
  health::Evidence unanswered(Transport transport, const std::function<void()>& meanwhile) {
    health::Target target;
    target.transport = transport;
    const health::Pressure before = link_->pressure(target);
    meanwhile();
    const health::Pressure after = link_->pressure(target);
    EXPECT_EQ(after.probe_drops, before.probe_drops);
    return health::Judge().judge(health::Outcome::NoAnswer, before, after, false, {});
  }

  WorkerPage* page_ = nullptr;
  std::vector<boost::asio::ip::tcp::socket> clients_;
};

TEST_F(UnderAFlood, AWorkerThatTurnsButAcceptsNobodyIsSilent) {
  EXPECT_EQ(unanswered(Transport::Tcp, [this] { flood_tcp(); }), health::Evidence::Silent);
  EXPECT_EQ(unanswered(Transport::Tcp,
                       [this] {
                         flood_tcp();
                         count(page_->traffic[0][0].queries);
                         count(page_->probes);
                       }),
            health::Evidence::Silent)
      << "that UDP goes on is no excuse";
}

TEST_F(UnderAFlood, AWorkerThatAcceptsOrTurnsAwayIsCrowdedOut) {
  EXPECT_EQ(unanswered(Transport::Tcp,
                       [this] {
                         flood_tcp();
                         count(page_->tcp_accepted);
                       }),
            health::Evidence::CrowdedOut);
  EXPECT_EQ(unanswered(Transport::Tcp, [this] { count(page_->tcp_rejected); }), health::Evidence::CrowdedOut);
}

TEST_F(UnderAFlood, OfUdpWhatCountsIsThatServicesQuestions) {
  EXPECT_EQ(unanswered(Transport::Udp, [this] { flood_udp(); }), health::Evidence::Silent);
  EXPECT_EQ(unanswered(Transport::Udp,
                       [this] {
                         flood_udp();
                         count(page_->traffic[0][1].queries);
                         count(page_->tcp_accepted);
                       }),
            health::Evidence::Silent);
  for (Counter* taken : {&page_->traffic[0][0].queries, &page_->denied}) {
    EXPECT_EQ(unanswered(Transport::Udp,
                         [&] {
                           flood_udp();
                           count(*taken);
                         }),
              health::Evidence::CrowdedOut);
  }
}

}  // namespace
}  // namespace imrs::agent

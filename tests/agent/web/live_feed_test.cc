// Events to listeners, without a network. Nothing here waits: what is not there at once does not come.
#include "agent/web/live_feed.h"

#include <gmock/gmock.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <optional>
#include <vector>

namespace imrs::web {
namespace {

namespace asio = boost::asio;
using testing::ElementsAre;

class LiveFeedTest : public testing::Test {
 protected:
  using Text = std::optional<std::string>;

  // What next() comes to, as soon as it does.
  std::shared_ptr<Text> ask(const std::shared_ptr<LiveFeed::Listener>& listener) {
    auto text = std::make_shared<Text>();
    asio::co_spawn(io_, listener->next(),
                   [text](const std::exception_ptr&, std::string got) { *text = std::move(got); });
    turn();
    return text;
  }

  // Everything that can be done now.
  void turn() {
    io_.restart();
    io_.poll();
  }

  asio::io_context io_;
  LiveFeed feed_{io_.get_executor()};
};

TEST_F(LiveFeedTest, AnEventReachesAllListeners) {
  const auto first = feed_.listen(), second = feed_.listen();
  feed_.publish("state", "{}");
  EXPECT_EQ(*ask(first), "event: state\ndata: {}\n\n");
  EXPECT_EQ(*ask(second), "event: state\ndata: {}\n\n");
  EXPECT_FALSE(*ask(first)) << "once only";
}

TEST_F(LiveFeedTest, EventsKeepTheirOrder) {
  const auto listener = feed_.listen();
  for (int i = 0; i < 5; ++i) feed_.publish("point", std::to_string(i));
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(*ask(listener), "event: point\ndata: " + std::to_string(i) + "\n\n");
  }
}

TEST_F(LiveFeedTest, WhoWaitsIsWoken) {
  const auto first = feed_.listen(), second = feed_.listen();
  const auto one = ask(first), other = ask(second);
  EXPECT_FALSE(*one);
  EXPECT_FALSE(*other);
  feed_.publish("state", "1");
  feed_.publish("state", "2");  // before anybody came to look
  turn();
  EXPECT_EQ(*one, "event: state\ndata: 1\n\n");
  EXPECT_EQ(*other, "event: state\ndata: 1\n\n");
  EXPECT_EQ(*ask(first), "event: state\ndata: 2\n\n");
}

TEST_F(LiveFeedTest, WhatWasBeforeIsNotTold) {
  feed_.publish("state", "old");
  const auto listener = feed_.listen();
  const auto text = ask(listener);
  EXPECT_FALSE(*text);
  feed_.publish("state", "new");
  turn();
  EXPECT_EQ(*text, "event: state\ndata: new\n\n");
}

TEST_F(LiveFeedTest, WhoTakesNothingIsLetGo) {
  const auto lazy = feed_.listen(), eager = feed_.listen();
  for (std::size_t i = 0; i < LiveFeed::kMaxWaiting; ++i) {
    feed_.publish("point", std::to_string(i));
    EXPECT_NE(*ask(eager), "");
  }
  feed_.publish("point", "one too many");
  EXPECT_EQ(*ask(lazy), "") << "it is over";
  EXPECT_EQ(*ask(lazy), "") << "and stays so";
  EXPECT_EQ(*ask(eager), "event: point\ndata: one too many\n\n") << "nobody else suffers";
  feed_.publish("point", "next");
  EXPECT_EQ(*ask(lazy), "");
  EXPECT_EQ(*ask(eager), "event: point\ndata: next\n\n");
}

TEST_F(LiveFeedTest, WhoIsNearlyTooLateStays) {
  const auto listener = feed_.listen();
  for (std::size_t i = 0; i < LiveFeed::kMaxWaiting; ++i) feed_.publish("point", std::to_string(i));
  EXPECT_EQ(*ask(listener), "event: point\ndata: 0\n\n");
  feed_.publish("point", "16");
  for (std::size_t i = 1; i <= LiveFeed::kMaxWaiting; ++i) {
    EXPECT_EQ(*ask(listener), "event: point\ndata: " + std::to_string(i) + "\n\n");
  }
}

TEST_F(LiveFeedTest, TooManyAreRefusedUntilOneHasGone) {
  std::vector<std::shared_ptr<LiveFeed::Listener>> listeners;
  for (std::size_t i = 0; i < LiveFeed::kMaxListeners; ++i) {
    listeners.push_back(feed_.listen());
    ASSERT_NE(listeners.back(), nullptr) << i;
  }
  EXPECT_EQ(feed_.listen(), nullptr);
  listeners[3].reset();
  listeners[3] = feed_.listen();
  ASSERT_NE(listeners[3], nullptr);
  EXPECT_EQ(feed_.listen(), nullptr);
  feed_.publish("state", "{}");
  for (const auto& listener : listeners) EXPECT_EQ(*ask(listener), "event: state\ndata: {}\n\n");
}

TEST_F(LiveFeedTest, WhoHasGoneIsToldNothing) {
  auto listener = feed_.listen();
  listener.reset();
  feed_.publish("state", "{}");  // must not reach for it
  turn();
  EXPECT_NE(feed_.listen(), nullptr);
}

TEST_F(LiveFeedTest, FeedsAreApart) {
  LiveFeed other{io_.get_executor()};
  const auto listener = feed_.listen();
  other.publish("point", "for others");
  const auto text = ask(listener);
  EXPECT_FALSE(*text);
  feed_.publish("state", "{}");
  turn();
  EXPECT_EQ(*text, "event: state\ndata: {}\n\n");
}

}  // namespace
}  // namespace imrs::web

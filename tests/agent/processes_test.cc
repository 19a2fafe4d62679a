// The children's starts and ends, with this test playing the launcher at the other end of the real channel.
#include "agent/processes.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <memory>
#include <optional>
#include <utility>

namespace imrs::agent {
namespace {

using std::chrono::milliseconds;

TEST(RestartDelay, GrowsAndIsBounded) {
  const std::pair<int, int> cases[] = {{0, 0},   {1, 0},    {2, 100},  {3, 200},
                                       {4, 400}, {7, 3200}, {8, 5000}, {1000, 5000}};
  for (const auto& [deaths, want_ms] : cases) {
    EXPECT_EQ(restart_delay(deaths).count(), want_ms) << deaths << " quick deaths";
  }
}

class ProcessesTest : public testing::Test {
 protected:
  static constexpr Program kProgram = Program::Web;

  void SetUp() override {
    auto pair = Channel::make_pair();
    ASSERT_TRUE(pair.ok());
    launcher_ = std::move(pair->second);
    processes_ = std::make_unique<Processes>(context_.get_executor(), std::move(pair->first));
    boost::asio::co_spawn(context_, processes_->run(), boost::asio::detached);
    processes_->keep(
        kProgram,
        {.started = [this] { ++started_; }, .message = [](const Packet&) {}, .ended = [this] { ++ended_; }});
  }

  // The agent's loop turns for that long; then the launcher's next order, if there is one.
  std::optional<Packet> order(milliseconds time = milliseconds(5)) {
    context_.run_for(time);
    context_.restart();
    auto packet = launcher_.receive();
    return packet ? std::move(*packet) : std::nullopt;
  }
  // The child's end of the channel that comes with a LaunchStart.
  Channel ordered_start() {
    auto packet = order();
    const bool start = packet && packet->as<LaunchStart>() && packet->fds.size() == 1;
    EXPECT_TRUE(start);
    return start ? Channel(std::move(packet->fds[0])) : Channel();
  }
  void answer(std::int32_t pid) {
    LaunchStarted started;
    started.program = kProgram;
    started.pid = pid;
    if (pid == 0) started.failure = "already running";
    ASSERT_TRUE(launcher_.send_message(started).ok());
  }
  void exits(std::int32_t pid) {
    LaunchExited exited;
    exited.program = kProgram;
    exited.pid = pid;
    ASSERT_TRUE(launcher_.send_message(exited).ok());
  }
  void expect_it_hears(const Channel& child) {
    EXPECT_TRUE(processes_->send(kProgram, LaunchReload{}).ok());
    const auto heard = child.receive();
    EXPECT_TRUE(heard.ok() && heard->has_value());
  }

  boost::asio::io_context context_;
  Channel launcher_;
  std::unique_ptr<Processes> processes_;
  int started_ = 0, ended_ = 0;
};

// After an upgrade in place: what the agent before had started has not ended yet.
TEST_F(ProcessesTest, TheOneInTheWayEndsAndTheNextHearsTheAgent) {
  ordered_start().close();
  answer(0);
  EXPECT_FALSE(order()) << "it waits before it tries again";
  exits(100);
  const Channel child = ordered_start();
  answer(200);
  EXPECT_FALSE(order(restart_delay(2) + milliseconds(50))) << "there is nothing to try again any more";
  EXPECT_EQ(started_, 1);
  EXPECT_EQ(ended_, 0) << "not one of ours";
  EXPECT_EQ(processes_->restarts(kProgram), 0U);
  expect_it_hears(child);
}

TEST_F(ProcessesTest, WhatIsRefusedIsOrderedAgainAfterAWhile) {
  ordered_start().close();
  answer(0);
  EXPECT_FALSE(order());
  context_.run_for(restart_delay(2));
  const Channel child = ordered_start();
  answer(200);
  EXPECT_FALSE(order());
  expect_it_hears(child);
}

TEST_F(ProcessesTest, AnEndBeforeTheAnswerToAnOrderOrdersNothingMore) {
  const Channel child = ordered_start();
  exits(100);
  EXPECT_FALSE(order());
  answer(200);
  EXPECT_FALSE(order());
  EXPECT_EQ(started_, 1);
  expect_it_hears(child);
}

TEST_F(ProcessesTest, ARefusalLeavesTheOneThatRunsAsItIs) {
  const Channel child = ordered_start();
  answer(200);
  answer(0);  // to an order of the agent before
  EXPECT_FALSE(order(restart_delay(2) + milliseconds(50)));
  expect_it_hears(child);
}

TEST_F(ProcessesTest, OneThatEndsIsStartedAgain) {
  for (const std::int32_t pid : {200, 201}) {
    const Channel child = ordered_start();
    answer(pid);
    EXPECT_FALSE(order());
    expect_it_hears(child);
    if (pid == 200) exits(pid);
  }
  EXPECT_EQ(started_, 2);
  EXPECT_EQ(ended_, 1);
  EXPECT_EQ(processes_->restarts(kProgram), 1U);
}

TEST_F(ProcessesTest, OneThatIsEndedBeforeItHasStartedIsKilled) {
  const Channel child = ordered_start();
  processes_->end(kProgram, "a test");
  answer(200);
  const auto kill = order();
  ASSERT_TRUE(kill && kill->as<LaunchKill>());
  EXPECT_EQ(kill->as<LaunchKill>()->pid, 200);
  exits(200);
  EXPECT_FALSE(order(milliseconds(150)));
  EXPECT_EQ(started_, 0);
}

}  // namespace
}  // namespace imrs::agent

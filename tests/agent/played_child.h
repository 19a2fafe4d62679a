// tests/agent/played_child.h
// One of the agent's children, played by the test: it is the launcher and the started child at the other ends
// of the real channels.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <utility>

#include "agent/base/memfd.h"
#include "agent/processes.h"
#include "agent/shared_image.h"
#include "tests/support/test_zones.h"

namespace imrs::agent {

inline SharedImage shared_image(std::uint32_t serial) {
  auto memfd = make_sealed_memfd("imrs-image", test::image_octets(test::three_zones(serial)));
  auto image = image::Image::map(memfd->get());
  return {*image, std::make_shared<UniqueFd>(std::move(*memfd))};
}

class PlayedChild : public testing::Test {
 protected:
  using Clock = std::chrono::steady_clock;

  explicit PlayedChild(Program program) : program_(program) {}

  void SetUp() override {
    auto pair = Channel::make_pair();
    ASSERT_TRUE(pair.ok());
    launcher_ = std::move(pair->second);
    processes_ = std::make_unique<Processes>(context_.get_executor(), std::move(pair->first));
    boost::asio::co_spawn(context_, processes_->run(), boost::asio::detached);
  }

  // What the agent has sent to the child.
  virtual void hear(const Packet& packet) = 0;

  // Turns the loop and plays launcher and child until the condition holds; false after a minute.
  template <typename Condition>
  bool until(Condition condition) {
    for (const auto end = Clock::now() + std::chrono::minutes(1); Clock::now() < end;) {
      context_.run_for(std::chrono::milliseconds(2));
      context_.restart();
      play_launcher();
      play_child();
      if (condition()) return true;
    }
    return false;
  }

  // The child dies; the next one is not there yet.
  void end_child() {
    child_.close();
    LaunchExited exited;
    exited.program = program_;
    exited.pid = pid_;
    ASSERT_TRUE(launcher_.send_message(exited).ok());
  }
  // The child dies; the next one is there when this returns.
  void die() {
    end_child();
    ASSERT_TRUE(until([this] { return child_.valid(); }));
  }

  boost::asio::io_context context_;
  std::unique_ptr<Processes> processes_;
  Channel child_;            // the child's end
  std::int32_t pid_ = 1000;  // of the child
  std::int32_t killed_ = 0;  // whom the agent had killed last

 private:
  void play_launcher() {
    for (;;) {
      auto packet = launcher_.receive();
      if (!packet || !*packet) return;
      if (auto order = (*packet)->as<LaunchStart>()) {
        ASSERT_EQ(order->program, program_);
        child_ = Channel(std::move((*packet)->fds[0]));
        LaunchStarted started;
        started.program = program_;
        started.pid = ++pid_;
        ASSERT_TRUE(launcher_.send_message(started).ok());
      } else if (auto kill = (*packet)->as<LaunchKill>()) {
        killed_ = kill->pid;
      }
    }
  }
  void play_child() {
    while (child_.valid()) {
      auto packet = child_.receive();
      if (!packet || !*packet) return;
      hear(**packet);
    }
  }

  const Program program_;
  Channel launcher_;
};

}  // namespace imrs::agent

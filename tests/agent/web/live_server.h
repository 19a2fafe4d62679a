// tests/agent/web/live_server.h
// The real server on a thread of the test, fed over a channel as the agent feeds it.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <thread>

#include "agent/web/child.h"
#include "agent/web/server.h"
#include "client.h"
#include "sample.h"

namespace imrs::web {

class LiveServer : public testing::Test {
 protected:
  void TearDown() override { end(); }

  // `first`: waiting in the channel before anybody can ask.
  void start(const Limits& limits, const Snapshot* first) {
    auto pair = Channel::make_pair();
    ASSERT_TRUE(pair.ok());
    agent_ = std::move(pair->first);
    send_setup(agent_, noc_.socket.get(), ops_.socket.get());
    if (first != nullptr) send_snapshot(agent_, *first);
    auto setup = receive_setup(pair->second);
    ASSERT_TRUE(setup.ok()) << setup.error().message;
    EXPECT_EQ(setup->settings.identity, "fra02.l.example");
    ServerSettings settings;
    settings.limits = limits;
    settings.now_ms = [] { return kNow; };
    settings.web = setup->settings;
    settings.pages = std::move(setup->pages);
    settings.on_problem = [this](const Error& error) { problems_.push_back(error.message); };
    auto server = Server::open(std::move(setup->listeners), std::move(settings));
    ASSERT_TRUE(server.ok()) << server.error().message;
    server_ = std::move(*server);
    ASSERT_TRUE(server_->follow(std::move(pair->second)).ok());
    thread_ = std::thread([this] { end_ = server_->run(); });
  }

  // Closes the channel; run() has to come back by itself.
  void end() {
    agent_.close();
    if (thread_.joinable()) thread_.join();
    EXPECT_TRUE(end_.ok()) << end_.error().message;
  }

  TestListener noc_ = listen_somewhere(), ops_ = listen_somewhere();
  Channel agent_;
  std::vector<std::string> problems_;  // the server's thread's; read after end()

 private:
  std::unique_ptr<Server> server_;
  std::thread thread_;
  Result<void> end_;
};

}  // namespace imrs::web

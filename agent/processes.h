// agent/processes.h
// The children: started through the launcher, watched, restarted with back-off. One thread (the
// agent's loop).
#pragma once

#include <array>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "agent/async_channel.h"
#include "agent/base/messages.h"

namespace imrs::agent {

// How long to wait before the next start after `quick_deaths` ends in a row, each within kQuickDeath
// of its start: 0, 100, 200, 400 ... ms, at most 5 s. Pure. A program that lived longer than kQuickDeath
// has served; it starts again at once, however often: waiting would cost more than it saves.
[[nodiscard]] std::chrono::milliseconds restart_delay(int quick_deaths);
inline constexpr std::chrono::seconds kQuickDeath{1};

class Processes {
 public:
  struct Handlers {
    std::function<void()> started;  // send the setup now
    std::function<void(Packet)> message;
    std::function<void()> ended;
  };

  Processes(boost::asio::any_io_executor executor, Channel launcher);

  // Starts the program and keeps it running until stop().
  void keep(Program program, Handlers handlers);

  // Keeps one running that an agent before this one has started and set up: `started` is called when it
  // has to be started again.
  struct Adopted {
    std::int32_t pid = 0;
    std::uint64_t restarts = 0;
    std::chrono::steady_clock::time_point started{};
  };
  [[nodiscard]] Result<void> adopt(Program program, Handlers handlers, Channel channel, const Adopted& known);

  // SIGKILL, and it is not started again until keep() is called once more.
  void end(Program program, std::string_view reason);
  // What is started from now on are the programs that are there now.
  void reload_programs();

  // For handing over; -1 if there is none.
  [[nodiscard]] int launcher_fd() const { return launcher_ ? launcher_->channel().fd() : -1; }
  [[nodiscard]] int channel_fd(Program program) const {
    return at(program).channel ? at(program).channel->channel().fd() : -1;
  }
  [[nodiscard]] std::chrono::steady_clock::time_point started(Program program) const {
    return at(program).started;
  }

  // Serves the launcher's channel. Returns when the launcher has gone: then the agent must end.
  boost::asio::awaitable<Error> run();

  // SIGKILL to the program, if it runs; it is started again as after any end. Also for a child that sent
  // what it may not send: from then on it is not to be trusted. False: it does not run, or the launcher does
  // not take the order now.
  bool kill(Program program, std::string_view reason);

  // SIGKILL to BIRD, a process that is not ours: the launcher may. `pidfd` is only borrowed.
  void kill_bird(int pidfd, std::string_view reason);

  // No more restarts; every child's channel is closed, which tells it to end.
  void stop();

  template <typename T>
  Result<void> send(Program program, const T& message, std::span<const int> fds = {}) const {
    return send_bytes(program, {reinterpret_cast<const std::uint8_t*>(&message), sizeof message}, fds);
  }
  Result<void> send_bytes(Program program, std::span<const std::uint8_t> bytes,
                          std::span<const int> fds = {}) const;

  // Octets of what the program was sent and has not read yet, with the kernel's own around them; 0 while it
  // does not run.
  [[nodiscard]] std::size_t unread(Program program) const;

  [[nodiscard]] std::int32_t pid(Program program) const { return at(program).pid; }
  [[nodiscard]] std::uint64_t restarts(Program program) const { return at(program).restarts; }
  // Since the last start; zero while it does not run.
  [[nodiscard]] std::chrono::milliseconds uptime(Program program) const;

 private:
  using Clock = std::chrono::steady_clock;
  struct Child {
    Handlers handlers;
    std::shared_ptr<AsyncChannel> channel;  // to the one that runs
    std::shared_ptr<AsyncChannel> ordered;  // to the one whose start the launcher has not confirmed yet
    std::unique_ptr<boost::asio::steady_timer> restart;
    std::int32_t pid = 0;
    std::uint64_t restarts = 0;
    int quick_deaths = 0;
    bool ending = false;  // it is not started again
    Clock::time_point started{};
  };

  void start(Program program);
  [[nodiscard]] Result<void> order_start(Program program);
  void schedule_start(Program program, std::chrono::milliseconds delay);
  void on_launcher(const Packet& packet);
  void on_started(const LaunchStarted& started);
  void on_exited(const LaunchExited& exited);
  void on_foreign_exit(const LaunchExited& exited);
  boost::asio::awaitable<void> read_child(Program program, std::shared_ptr<AsyncChannel> channel);

  [[nodiscard]] Child& at(Program program) { return children_[static_cast<std::size_t>(program)]; }
  [[nodiscard]] const Child& at(Program program) const {
    return children_[static_cast<std::size_t>(program)];
  }

  boost::asio::any_io_executor executor_;
  std::shared_ptr<AsyncChannel> launcher_;  // null if there was no descriptor for it
  std::array<Child, kPrograms> children_;
  bool stopping_ = false;
};

}  // namespace imrs::agent

// Starts the children again when they end. Called by the supervisor. The end of a child is learnt from
// the launcher alone (it is the parent); end of file on the channel only means that the child is about
// to end, or has to be ended.
#include "agent/processes.h"

#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "agent/base/log.h"
#include "agent/launcher.h"
#include "agent/spawn.h"

namespace imrs::agent {
namespace {

namespace asio = boost::asio;
constexpr std::chrono::milliseconds kEndGrace{200};

std::string describe_end(int wait_status) {
  if (WIFSIGNALED(wait_status)) return fmt::format("killed by signal {}", WTERMSIG(wait_status));
  return fmt::format("exit code {}", WEXITSTATUS(wait_status));
}

}  // namespace

std::chrono::milliseconds restart_delay(int quick_deaths) {
  constexpr std::chrono::milliseconds kFirst{100}, kLongest{5000};
  if (quick_deaths <= 1) return std::chrono::milliseconds{0};
  const int doublings = std::min(quick_deaths - 2, 10);
  return std::min(kFirst * (1 << doublings), kLongest);
}

Processes::Processes(asio::any_io_executor executor, Channel launcher) : executor_(executor) {
  if (auto channel = AsyncChannel::make(executor, std::move(launcher))) launcher_ = *channel;
}

void Processes::keep(Program program, Handlers handlers) {
  at(program).handlers = std::move(handlers);
  at(program).ending = false;
  at(program).restart = std::make_unique<asio::steady_timer>(executor_);
  start(program);
}

Result<void> Processes::adopt(Program program, Handlers handlers, Channel channel, const Adopted& known) {
  auto readable = AsyncChannel::make(executor_, std::move(channel));
  if (!readable) return readable.error();
  Child& child = at(program);
  child.handlers = std::move(handlers);
  child.restart = std::make_unique<asio::steady_timer>(executor_);
  child.channel = std::move(*readable);
  child.pid = known.pid;
  child.restarts = known.restarts;
  child.started = known.started;
  spawn(executor_, read_child(program, child.channel));
  return {};
}

void Processes::end(Program program, std::string_view reason) {
  at(program).ending = true;
  if (at(program).restart) at(program).restart->cancel();
  kill(program, reason);
}

void Processes::reload_programs() {
  if (!launcher_) return;
  if (auto sent = launcher_->channel().send_message(LaunchReload{}); !sent) {
    log_error("launcher does not take orders: {}", sent.error().message);
  }
}

asio::awaitable<Error> Processes::run() {
  if (!launcher_) co_return Error{Errc::Unavailable, "no descriptor for its channel"};
  Error end = co_await launcher_->read_all([this](const Packet& packet) { on_launcher(packet); });
  co_return end;
}

bool Processes::kill(Program program, std::string_view reason) {
  Child& child = at(program);
  if (child.pid == 0 || !launcher_) return false;
  log_warning("program={} pid={} ended by the agent: {}", program_name(program), child.pid, reason);
  LaunchKill order;
  order.pid = child.pid;
  const auto sent = launcher_->channel().send_message(order);
  if (!sent) log_error("launcher does not take orders: {}", sent.error().message);
  return sent.ok();
}

void Processes::kill_bird(int pidfd, std::string_view reason) {
  if (pidfd < 0 || !launcher_) {
    return log_error("BIRD should be killed ({}), and nobody knows which process it is", reason);
  }
  const std::array fds{pidfd};
  if (auto sent = launcher_->channel().send_message(LaunchKillBird{}, fds); !sent) {
    log_error("launcher does not take orders: {}", sent.error().message);
  }
}

void Processes::stop() {
  stopping_ = true;
  for (Child& child : children_) {
    if (child.restart) child.restart->cancel();
    if (child.channel) child.channel->close();
    if (child.ordered) child.ordered->close();
  }
}

Result<void> Processes::send_bytes(Program program, std::span<const std::uint8_t> bytes,
                                   std::span<const int> fds) const {
  const Child& child = at(program);
  if (child.pid == 0 || !child.channel || !child.channel->channel().valid()) {
    return Error{Errc::Unavailable, std::string(program_name(program)) + " is not running"};
  }
  return child.channel->channel().send(bytes, fds);
}

std::size_t Processes::unread(Program program) const {
  int octets = 0;
  if (at(program).pid == 0 || ::ioctl(channel_fd(program), SIOCOUTQ, &octets) != 0) return 0;
  return static_cast<std::size_t>(octets);
}

std::chrono::milliseconds Processes::uptime(Program program) const {
  if (at(program).pid == 0) return std::chrono::milliseconds{0};
  return std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - at(program).started);
}

// One order at a time, which the launcher confirms or refuses. One that still runs: its end starts the next.
void Processes::start(Program program) {
  const Child& child = at(program);
  child.restart->cancel();
  if (child.ordered || child.pid != 0 || child.ending || stopping_) return;
  if (auto ordered = order_start(program); !ordered) {
    log_error("program={} cannot start: {}", program_name(program), ordered.error().message);
    schedule_start(program, restart_delay(++at(program).quick_deaths + 1));
  }
}

Result<void> Processes::order_start(Program program) {
  if (!launcher_) return Error{Errc::Unavailable, "no channel to the launcher"};
  auto pair = Channel::make_pair();
  if (!pair) return pair.error();
  auto channel = AsyncChannel::make(executor_, std::move(pair->first));
  if (!channel) return channel.error();
  LaunchStart order;
  order.program = program;
  const std::array fds{pair->second.fd()};
  auto sent = launcher_->channel().send_message(order, fds);
  if (sent) at(program).ordered = std::move(*channel);
  return sent;
}

void Processes::schedule_start(Program program, std::chrono::milliseconds delay) {
  if (stopping_) return;
  asio::steady_timer& timer = *at(program).restart;
  timer.expires_after(delay);
  timer.async_wait([this, program](const boost::system::error_code& error) {
    if (!error) start(program);
  });
}

void Processes::on_launcher(const Packet& packet) {
  if (auto started = packet.as<LaunchStarted>()) return on_started(*started);
  if (auto exited = packet.as<LaunchExited>()) return on_exited(*exited);
  log_error("launcher sent an unknown message of type {:#x}", packet.type());
}

void Processes::on_started(const LaunchStarted& started) {
  Child& child = at(started.program);
  auto channel = std::exchange(child.ordered, nullptr);
  if (started.pid == 0) {
    if (child.pid != 0) return;
    log_error("program={} cannot start: {}", program_name(started.program), started.failure.str());
    return schedule_start(started.program, restart_delay(++child.quick_deaths + 1));
  }
  child.pid = started.pid;
  child.started = Clock::now();
  child.channel = std::move(channel);
  log_info("program={} pid={} started", program_name(started.program), child.pid);
  if (stopping_ || !child.channel) return;
  if (child.ending) return void(kill(started.program, "it is not wanted any more"));
  spawn(executor_, read_child(started.program, child.channel));
  child.handlers.started();
}

void Processes::on_exited(const LaunchExited& exited) {
  Child& child = at(exited.program);
  if (exited.pid != child.pid) return on_foreign_exit(exited);
  child.quick_deaths = Clock::now() - child.started < kQuickDeath ? child.quick_deaths + 1 : 1;
  const auto delay = restart_delay(child.quick_deaths);
  child.pid = 0;
  if (child.channel) child.channel->close();
  if (stopping_ || child.ending) return;
  ++child.restarts;
  log_warning("program={} pid={} ended: {}; starting it again in {} ms", program_name(exited.program),
              exited.pid, describe_end(exited.wait_status), delay.count());
  child.handlers.ended();
  if (delay.count() == 0) return start(exited.program);
  schedule_start(exited.program, delay);
}

// Of one that an agent before this one had started, and that took its time to end: it only was in the way.
void Processes::on_foreign_exit(const LaunchExited& exited) {
  log_info("program={} pid={} of the agent before has ended: {}", program_name(exited.program), exited.pid,
           describe_end(exited.wait_status));
  if (at(exited.program).restart) start(exited.program);  // it was asked for
}

asio::awaitable<void> Processes::read_child(Program program, std::shared_ptr<AsyncChannel> channel) {
  const std::int32_t pid = at(program).pid;
  const Error end = co_await channel->read_all(
      [this, program](Packet packet) { at(program).handlers.message(std::move(packet)); });
  // A child whose channel is gone is about to end; one that does not is of no use.
  asio::steady_timer grace(executor_, kEndGrace);
  co_await grace.async_wait(asio::as_tuple(asio::use_awaitable));
  if (at(program).pid == pid && !stopping_) kill(program, "its channel: " + end.message);
}

}  // namespace imrs::agent

// The supervisor's part in an upgrade in place: when it may be, what goes over, and what comes of it.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <ctime>
#include <stdexcept>

#include "agent/held_signals.h"
#include "agent/part_settings.h"
#include "agent/supervisor.h"

namespace imrs::agent {
namespace {

namespace asio = boost::asio;
constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);
constexpr std::chrono::milliseconds kLook{20};
constexpr int kLooks = 250;     // until the engine has what it is about to get
constexpr int kEndLooks = 100;  // until the other programs have ended
constexpr std::array kOthers{Program::Zone, Program::Audit, Program::Web};

// systemd 253 and later wants to know when it began (sd_notify(3)); earlier ones ignore it.
std::string reloading() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return fmt::format("RELOADING=1\nMONOTONIC_USEC={}", now.tv_sec * 1'000'000 + now.tv_nsec / 1000);
}

}  // namespace

Result<std::unique_ptr<Supervisor>> Supervisor::make(const Config& config, TakenOver taken,
                                                     NextProgram program) {
  ServiceSockets sockets = std::move(taken.prepared.sockets);
  std::unique_ptr<Supervisor> supervisor(
      new Supervisor(config, std::move(taken.prepared), std::move(program)));
  auto ready = supervisor->set_up(std::move(sockets), taken.state, std::move(taken.image));
  if (!ready) return ready.error();
  return supervisor;
}

Result<void> Supervisor::set_up(ServiceSockets sockets, const HandedOver& state, SharedImage image) {
  taken_over_ = true;
  zone_.taken_over(*image.image, state.confirmed);
  auto engine = EngineLink::adopt(context_.get_executor(), engine_settings(config_), std::move(sockets),
                                  processes_, expectations_, state.engine, std::move(image));
  if (!engine) return engine.error();
  engine_ = std::move(*engine);
  history_.restore(state.history);
  started_ms_ = state.started_ms;
  start_ = state.start;
  order_number_ = state.order_number;
  const std::int64_t now = clock_.clock().now();
  for (const HandedWaiver& waiver : state.waivers) {
    if (const auto check = parse_check(waiver.check)) (void)waivers_.waive(*check, waiver.until, now);
  }
  join(&state.decisions);
  return {};
}

HandedOver Supervisor::hand_over() const {
  HandedOver out;
  out.shape = shape_of(config_);
  out.launcher = processes_.launcher_fd();
  out.only_one = only_one_.get();
  out.tun = device_.fd();
  out.control = control_.fd();
  out.carrier = device_.carrier();
  out.link_up = device_.link_up();
  for (const UniqueFd& fd : zone_.notify()) out.notify.push_back(fd.get());
  for (const UniqueFd& fd : web_.noc()) out.noc.push_back(fd.get());
  for (const UniqueFd& fd : web_.ops()) out.ops.push_back(fd.get());
  out.engine = engine_->hand_over();
  out.decisions = routing_->hand_over();
  for (const auto& [check, until] : waivers_.all())
    out.waivers.push_back({std::string(to_string(check)), until});
  out.history = history_.all();
  out.clock_offset = clock_.clock().offset();
  out.clock_synchronised = clock_.clock().synchronised();
  out.clock_floor = clock_.floor();
  out.confirmed = zone_.confirmed();
  out.started_ms = started_ms_;
  out.start = start_;
  out.order_number = order_number_;
  return out;
}

// Waits until nothing is on its way to the engine, has the new program tested, lets the other programs end,
// and becomes it. Whatever fails before that leaves everything as it was.
asio::awaitable<void> Supervisor::upgrade(std::string path) {
  if (upgrading_ || stopping_) co_return;
  upgrading_ = true;
  NextProgram next = program_;
  if (!path.empty()) next.path = path;
  next.environment = manager_.environment();
  history_.add(Topic::Order, "upgrade in place to " + next.path);
  manager_.say(reloading());
  asio::steady_timer timer(context_);
  // BIRD has yet to confirm a withdrawal, or has not and the device is down: that is not handed over.
  const auto ready = [this] {
    return device_.created() && device_.link_up() && !speaker_->withdrawing() && engine_->can_hand_over();
  };
  for (int look = 0; look < kLooks && !ready(); ++look) {
    timer.expires_after(kLook);
    (void)co_await timer.async_wait(kNoThrow);
  }
  Result<void> passed = Error{
      Errc::Unavailable,
      "the engine serves nothing yet or is about to get something new, or BIRD does not obey"};
  if (ready()) passed = co_await self_test(context_.get_executor(), next, hand_over());
  if (passed && ready()) {
    co_await end_other_children();
    const HeldSignals held;
    timer.expires_after(kLook);  // whatever came before is taken by now
    (void)co_await timer.async_wait(kNoThrow);
    if (!stopping_ && ready()) passed = exec_next(next);
    others_started_ = false;
    start_other_children();
  }
  if (passed) passed = Error{Errc::Unavailable, "the engine has ended, or is about to get something new"};
  history_.add(Topic::Order, "upgrade failed, nothing has changed: " + passed.error().message);
  manager_.say("READY=1");
  upgrading_ = false;
}

// execve(2) waits for the end of the other threads: nobody would watch the routes for as long as one of them
// stands in the kernel.
Error Supervisor::exec_next(const NextProgram& next) {
  Error error{Errc::Unavailable, "the kernel is busy with its network configuration; try again"};
  if (kernel_.stop()) {
    watchdog_.stop();
    error = become_next(next, hand_over());
    watchdog_.start();
  }
  if (auto looks = kernel_.start(); !looks) throw std::runtime_error(looks.error().message);
  return error;
}

// So that the next agent can start them: their channels do not go over.
asio::awaitable<void> Supervisor::end_other_children() {
  for (const Program program : kOthers) processes_.end(program, "the agent is upgraded");
  asio::steady_timer timer(context_);
  for (int look = 0; look < kEndLooks; ++look) {
    const bool ended = std::ranges::all_of(kOthers, [this](Program one) { return processes_.pid(one) == 0; });
    if (ended) co_return;
    timer.expires_after(kLook);
    (void)co_await timer.async_wait(kNoThrow);
  }
}

}  // namespace imrs::agent

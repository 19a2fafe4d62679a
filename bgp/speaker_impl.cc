// Keeps one connection to BIRD and the time limits of withdrawals. Run by Speaker::run(). It must never
// let a withdrawal wait: neither for a look in progress nor for a BIRD that is not there.
#include "bgp/speaker_impl.h"

#include <fmt/format.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace imrs::bgp {
namespace {

namespace asio = boost::asio;
constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);

// BIRD 2.0.12 may sleep up to 3 s on work it has queued itself (the first UPDATE of a session, a flush);
// any command wakes it. Fixed in 2.14.
constexpr std::chrono::milliseconds kNudgeInterval{50};
constexpr const char* kNudge = "show status";

}  // namespace

Speaker::Impl::Impl(asio::any_io_executor executor, Settings settings, Hooks hooks)
    : executor_(std::move(executor)),
      settings_(std::move(settings)),
      hooks_(std::move(hooks)),
      wanted_(settings_.sessions),
      withdrawal_(settings_.withdraw_limit, settings_.kill_limit),
      sessions_(settings_.sessions.size()),
      wake_(executor_),
      retry_(executor_),
      watch_(executor_) {
  for (const std::string& name : settings_.sessions) {
    observed_.sessions.emplace_back().name = name;
  }
  shown_ = observed_;
}

asio::awaitable<void> Speaker::Impl::run(std::shared_ptr<Impl> self) {
  using namespace asio::experimental::awaitable_operators;
  co_await (self->stay_connected() && self->watch_withdrawals());
}

asio::awaitable<void> Speaker::Impl::stay_connected() {
  while (!stopped_) {
    auto control = co_await Control::open(settings_.control_socket, settings_.reply_limit, &bird_);
    Result<void> ended;
    if (control) {
      connected();
      ended = co_await serve(*control);
    } else {
      ended = control.error();
    }
    const auto cancellation = co_await asio::this_coro::cancellation_state;
    if (stopped_ || cancellation.cancelled() != asio::cancellation_type::none) co_return;
    if (!ended) lost(ended.error());
    retry_.expires_after(settings_.reconnect_delay);
    (void)co_await retry_.async_wait(kNoThrow);
  }
}

asio::awaitable<Result<void>> Speaker::Impl::serve(Control& control) {
  while (!stopped_) {
    Result<void> done;
    if (disabled_once_) {
      done = co_await reconcile(control);
    } else {
      done = co_await disable_all(control);
    }
    if (!done) co_return done;
    mute_since_.reset();
    publish();
    if (auto waited = co_await idle(control); !waited) co_return waited;
  }
  co_return Result<void>();
}

asio::awaitable<Result<void>> Speaker::Impl::idle(Control& control) {
  while (!dirty_ && !stopped_ && Clock::now() < next_look_) {
    const auto now = Clock::now();
    const bool nudge = now < nudge_until_ && now + kNudgeInterval < next_look_;
    const auto until = nudge ? now + kNudgeInterval : next_look_;
    const bool readable = co_await wait_until(control, until);
    if (readable) break;  // the end of file, which the next look will meet
    if (!nudge || dirty_ || stopped_) continue;
    if (auto reply = co_await control.ask(kNudge); !reply) co_return reply.error();
  }
  co_return Result<void>();
}

// True if the connection became readable. announce() and stop() end it early by moving the expiry into
// the past, which also reaches a wait that is only about to start.
asio::awaitable<bool> Speaker::Impl::wait_until(Control& control, Clock::time_point until) {
  using namespace asio::experimental::awaitable_operators;
  wake_.expires_at(until);
  const auto first = co_await (wake_.async_wait(kNoThrow) || control.readable());
  co_return first.index() == 1;
}

asio::awaitable<void> Speaker::Impl::watch_withdrawals() {
  while (!stopped_) {
    watch_.expires_at(withdrawal_.deadline().value_or(Clock::time_point::max()));
    (void)co_await watch_.async_wait(kNoThrow);
    if (stopped_) co_return;
    const auto stage = withdrawal_.expire(Clock::now());
    if (!stage) continue;
    const bool failed = *stage == Withdrawal::Stage::Failed;
    const std::string why = fmt::format("BIRD has not confirmed the withdrawal within {} ms: {}",
                                        (failed ? settings_.kill_limit : settings_.withdraw_limit).count(),
                                        observed_.error.empty() ? "it still announces or has not answered"
                                                                : observed_.error);
    note(why);
    if (failed) {
      kill_bird(why);
    } else if (hooks_.withdrawal_late) {
      hooks_.withdrawal_late(why);
    }
  }
}

// Once for each connection: what is connected to next may be another process.
void Speaker::Impl::kill_bird(const std::string& why) {
  const UniqueFd bird = std::move(bird_);
  if (hooks_.kill_bird) hooks_.kill_bird(bird.get(), why);
}

asio::awaitable<bool> Speaker::Impl::wait_settled(std::shared_ptr<Impl> self,
                                                  std::chrono::milliseconds limit) {
  const auto deadline = Clock::now() + limit;
  const auto timer = std::make_shared<asio::steady_timer>(self->executor_);
  while (!self->settled_ && !self->stopped_ && Clock::now() < deadline) {
    timer->expires_at(deadline);
    self->waiters_.push_back(timer);
    (void)co_await timer->async_wait(kNoThrow);
    std::erase(self->waiters_, timer);
  }
  co_return self->settled_;
}

void Speaker::Impl::adopt(const AnnouncedSet& announced) {
  wanted_ = announced;
  disabled_once_ = true;
}

void Speaker::Impl::announce(const AnnouncedSet& wanted) {
  if (wanted == wanted_) return;
  const bool withdrawing = withdraws(wanted_, wanted);
  wanted_ = wanted;
  dirty_ = true;
  settled_ = false;
  if (withdrawing && disabled_once_) begin_withdrawal();
  wake_.expires_at(Clock::time_point::min());
}

void Speaker::Impl::stop() {
  stopped_ = true;
  hooks_ = {};
  for (asio::steady_timer* timer : {&wake_, &retry_, &watch_}) {
    timer->expires_at(Clock::time_point::min());
  }
  for (const auto& waiter : waiters_) waiter->cancel();
}

void Speaker::Impl::connected() {
  observed_.connected = true;
  observed_.error.clear();
  withdrawal_.begin_anew(Clock::now());
  watch_.expires_at(Clock::time_point::min());
  rows_.clear();
  noted_loss_.clear();
  note("connected to BIRD");
}

void Speaker::Impl::lost(const Error& error) {
  observed_.connected = false;
  observed_.error = error.message;
  rows_.clear();
  for (std::size_t i = 0; i < sessions_.size(); ++i) forget_session(i);
  set_settled(false);
  if (noted_loss_ != error.message) note(error.message);
  noted_loss_ = error.message;
  publish();
  watch_muteness(error);
}

// A BIRD that is there and says nothing cannot be told to withdraw; its sessions may live on.
void Speaker::Impl::watch_muteness(const Error& error) {
  if (error.code != Errc::Timeout) return mute_since_.reset();
  const auto now = Clock::now();
  if (!mute_since_) mute_since_ = now - settings_.reply_limit;
  if (now - *mute_since_ < settings_.mute_limit || !bird_) return;
  mute_since_.reset();
  kill_bird(fmt::format("BIRD has said nothing for {} ms", settings_.mute_limit.count()));
}

void Speaker::Impl::begin_withdrawal() {
  if (withdrawal_.pending()) return;
  withdrawal_.begin(Clock::now());
  watch_.expires_at(Clock::time_point::min());
}

void Speaker::Impl::set_settled(bool settled) {
  settled_ = settled;
  if (!settled) return;
  for (const auto& waiter : waiters_) waiter->cancel();
}

void Speaker::Impl::publish() {
  if (observed_ == shown_) return;
  shown_ = observed_;
  if (hooks_.changed) hooks_.changed();
}

void Speaker::Impl::note(const std::string& line) const {
  if (hooks_.note) hooks_.note(line);
}

}  // namespace imrs::bgp

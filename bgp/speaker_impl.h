// bgp/speaker_impl.h
// The speaker's state. One coroutine (stay_connected) owns the connection and does all the asking;
// another (watch_withdrawals) only watches the clock, also while BIRD does not answer. Everything here is
// kept alive by run() itself, so that a Speaker destroyed earlier leaves nothing dangling.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <string>
#include <vector>

#include "bgp/control.h"
#include "bgp/speaker.h"
#include "bgp/withdrawal.h"

namespace imrs::bgp {

class Speaker::Impl {
 public:
  Impl(boost::asio::any_io_executor executor, Settings settings, Hooks hooks);

  static boost::asio::awaitable<void> run(std::shared_ptr<Impl> self);
  static boost::asio::awaitable<bool> wait_settled(std::shared_ptr<Impl> self,
                                                   std::chrono::milliseconds limit);
  void adopt(const AnnouncedSet& announced);
  void announce(const AnnouncedSet& wanted);
  void stop();

  [[nodiscard]] bool settled() const noexcept { return settled_; }
  [[nodiscard]] bool withdrawing() const noexcept { return withdrawal_.pending(); }
  [[nodiscard]] const Observed& observed() const noexcept { return observed_; }

 private:
  using Clock = std::chrono::steady_clock;
  using Done = boost::asio::awaitable<Result<void>>;  // an error: the connection is of no more use

  struct Session {  // what BIRD said about one neighbour
    ProtocolRow row;
    std::vector<ExportedRoute> routes;
    Clock::time_point asked{};
    bool absent = false;                           // BIRD does not know it
    std::string complaint;                         // stays until it is asked again
    std::optional<Clock::time_point> lacks_since;  // what it should have been told of and was not
  };

  // speaker_impl.cc: the connection and the time
  boost::asio::awaitable<void> stay_connected();
  boost::asio::awaitable<void> watch_withdrawals();
  Done serve(Control& control);
  Done idle(Control& control);
  boost::asio::awaitable<bool> wait_until(Control& control, Clock::time_point until);
  void connected();
  void lost(const Error& error);
  void begin_withdrawal();
  void kill_bird(const std::string& why);
  void watch_muteness(const Error& error);
  void set_settled(bool settled);
  void publish();
  void note(const std::string& line) const;

  // speaker_look.cc: what is asked and sent over a connection that works
  Done disable_all(Control& control);
  Done reconcile(Control& control);
  Done look_at_protocols(Control& control);
  Done look_at_sessions(Control& control, bool all);
  Done look_at_session(Control& control, std::size_t index, const ProtocolRow& row);
  Done carry_out(Control& control, const Plan& plan);
  void show_session(std::size_t index, const Session& session, const SessionDetails& details);
  void forget_session(std::size_t index);
  void nudge_while_starting();
  void note_lacking(Session& session);
  void judge(const Plan& plan);
  [[nodiscard]] std::vector<std::string> unknown_to_bird(const Plan& plan) const;
  [[nodiscard]] bool is_all_wanted_there(const Plan& plan) const;
  void complain(const std::string& what);

  boost::asio::any_io_executor executor_;
  Settings settings_;
  Hooks hooks_;

  AnnouncedSet wanted_;
  bool dirty_ = false;          // `wanted_` is newer than the last plan
  bool disabled_once_ = false;  // hooks_.disabled was called
  bool settled_ = false;
  bool stopped_ = false;
  Withdrawal withdrawal_;
  UniqueFd bird_;  // pidfd of who listens at the control socket; none once it was given up
  std::optional<Clock::time_point> mute_since_;

  std::vector<ProtocolRow> rows_;  // of the last look; empty before the first on a connection
  bool whole_ = false;             // they are all that BIRD has
  std::vector<Session> sessions_;  // parallel to observed_.sessions
  std::string complaint_;          // what this look found wrong
  Observed observed_, shown_;      // shown_: at the last hooks_.changed
  std::string noted_loss_;         // so that every loss is noted once, not with every attempt

  Clock::time_point next_look_{}, nudge_until_{};
  boost::asio::steady_timer wake_, retry_, watch_;
  std::vector<std::shared_ptr<boost::asio::steady_timer>> waiters_;  // of wait_settled()
};

}  // namespace imrs::bgp

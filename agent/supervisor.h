// agent/supervisor.h
// Joins the parts and keeps the order of start and stop that the promise needs (ARCHITECTURE.md, "BIRD
// and the dead-man"). One thread, one loop; never blocks.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "agent/audit_link.h"
#include "agent/config/config.h"
#include "agent/control.h"
#include "agent/engine_link.h"
#include "agent/history.h"
#include "agent/kernel_look.h"
#include "agent/orders.h"
#include "agent/processes.h"
#include "agent/routing.h"
#include "agent/service_manager.h"
#include "agent/startup.h"
#include "agent/traffic_watch.h"
#include "agent/upgrade.h"
#include "agent/way_out.h"
#include "agent/waivers.h"
#include "agent/wall_clock.h"
#include "agent/watchdog.h"
#include "agent/zone_link.h"
#include "bgp/speaker.h"
#include "health/expectations.h"

namespace imrs::agent {

class Supervisor {
 public:
  // `program`: this one, and its configuration file, for an upgrade in place.
  [[nodiscard]] static Result<std::unique_ptr<Supervisor>> make(const Config& config, Prepared prepared,
                                                                NextProgram program);
  // The same after one.
  [[nodiscard]] static Result<std::unique_ptr<Supervisor>> make(const Config& config, TakenOver taken,
                                                                NextProgram program);

  // Runs until SIGTERM or SIGINT (then 0: everything withdrawn, BIRD has confirmed), or until going on
  // makes no sense (1). The exit code of the program.
  [[nodiscard]] int run();

 private:
  Supervisor(const Config& config, Prepared prepared, NextProgram program);
  [[nodiscard]] Result<void> set_up(ServiceSockets sockets);
  [[nodiscard]] Result<void> set_up(ServiceSockets sockets, const HandedOver& state, SharedImage image);
  void join(const std::vector<HandedDecision>* handed);

  void start_children();
  void on_bird_ready();
  [[nodiscard]] bool make_device();
  void on_withdrawal_late(std::string_view why);
  void on_withdrawal_confirmed();
  void replace_engine(std::string_view reason);
  void kill_bird(int pidfd, std::string_view why);

  boost::asio::awaitable<void> beat();
  void serve_kept_image();
  void start_other_children();
  void set_expired(std::uint32_t zones);
  boost::asio::awaitable<void> watch_expiry();
  boost::asio::awaitable<void> watch_device();
  boost::asio::awaitable<void> make_device_anew();
  void mend_device();
  boost::asio::awaitable<void> watch_way_out();
  void take_way_out(Family family, const Result<WayOutSeen>& seen);
  [[nodiscard]] std::string way_out_alarm() const;
  boost::asio::awaitable<void> watch_drains();
  boost::asio::awaitable<void> look_again();
  boost::asio::awaitable<void> speak();
  boost::asio::awaitable<void> report_regularly();
  boost::asio::awaitable<void> watch_launcher();
  boost::asio::awaitable<void> watch_signals();
  boost::asio::awaitable<void> upgrade(std::string path);
  [[nodiscard]] Error exec_next(const NextProgram& next);
  boost::asio::awaitable<void> end_other_children();
  [[nodiscard]] HandedOver hand_over() const;
  boost::asio::awaitable<void> stop(std::string reason, int exit_code);
  boost::asio::awaitable<void> drain_before_the_end(std::string reason);
  void changed();
  [[nodiscard]] Snapshot snapshot() const;
  [[nodiscard]] std::vector<LinkState> links() const;
  void restore_orders();
  [[nodiscard]] ControlReply answer(std::string_view line);
  [[nodiscard]] std::string carry_out(const Request& request);
  [[nodiscard]] Result<std::string> obey(const Request& request);
  [[nodiscard]] StandingOrders standing() const;

  const Config& config_;
  boost::asio::io_context context_{1};
  boost::asio::signal_set signals_;
  boost::asio::steady_timer report_timer_, others_timer_;
  UniqueFd only_one_;
  AnycastDevice device_;
  WebLink web_;
  WallClockWatch clock_;
  health::Expectations expectations_;
  History history_;
  Waivers waivers_;
  TrafficWatch traffic_;
  KernelLook kernel_;
  std::array<WayOutSeen, 2> way_out_{};  // by family: what was last known, and when it was last looked up
  std::array<std::chrono::steady_clock::time_point, 2> way_out_looked_{};
  Processes processes_;
  Result<KeptImage> kept_image_;  // moved from when it is served
  AuditLink audit_;
  ZoneLink zone_;
  std::unique_ptr<EngineLink> engine_;
  std::unique_ptr<bgp::Speaker> speaker_;
  std::unique_ptr<Routing> routing_;
  Result<StandingOrders> orders_;    // from before this start
  std::string start_ = new_start();  // StandingOrders::start, and its number
  std::uint64_t order_number_ = 0;
  NextProgram program_;
  bool taken_over_ = false, upgrading_ = false;
  UniqueFd control_socket_;  // until it is served; may be none
  ControlServer control_;
  LoopWatchdog watchdog_;
  ServiceManager manager_ = ServiceManager::from_environment();
  std::uint32_t expired_zones_ = 0, unjudged_zones_ = 0;  // EngineSettings::expired
  std::chrono::steady_clock::time_point judged_again_{};
  std::int64_t started_ms_ = 0;
  bool stopping_ = false, others_started_ = false;
  int exit_code_ = 0;
};

}  // namespace imrs::agent

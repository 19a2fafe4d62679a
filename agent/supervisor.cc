// The supervisor's loop. Called by main after everything that needed root is done. It must never wait
// for anybody, and never make the device before BIRD has acknowledged that nothing is announced.
#include "agent/supervisor.h"

#include <boost/asio/as_tuple.hpp>
#include <algorithm>
#include <boost/asio/use_awaitable.hpp>
#include <set>
#include <stdexcept>

#include "agent/base/hex.h"
#include "agent/base/log.h"
#include "agent/held_signals.h"
#include "agent/report.h"
#include "agent/part_settings.h"
#include "agent/spawn.h"
#include "agent/wall_time.h"

namespace imrs::agent {
namespace {

namespace asio = boost::asio;
constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);
constexpr std::chrono::milliseconds kReportInterval{1000};
constexpr std::chrono::milliseconds kReportDelay{20};  // changes come in groups
constexpr std::chrono::milliseconds kStopLimit{2000};
constexpr std::chrono::milliseconds kHeadStart{500};  // of the engine, if it has an image

std::set<std::string> interfaces_of(const BgpConfig& bgp) {
  std::set<std::string> out;
  for (const NeighbourConfig& neighbour : bgp.neighbours) out.insert(neighbour.interface);
  return out;
}

}  // namespace

Result<std::unique_ptr<Supervisor>> Supervisor::make(const Config& config, Prepared prepared,
                                                     NextProgram program) {
  ServiceSockets sockets = std::move(prepared.sockets);
  std::unique_ptr<Supervisor> supervisor(new Supervisor(config, std::move(prepared), std::move(program)));
  if (auto ready = supervisor->set_up(std::move(sockets)); !ready) return ready.error();
  return supervisor;
}

Supervisor::Supervisor(const Config& config, Prepared prepared, NextProgram program)
    : config_(config),
      signals_(context_, SIGTERM, SIGINT, SIGHUP),
      report_timer_(context_),
      others_timer_(context_),
      only_one_(std::move(prepared.only_one)),
      device_(std::move(prepared.device)),
      web_(std::move(prepared.web)),
      clock_(std::move(prepared.clock)),
      kernel_(look_around(config.service.device, interfaces_of(config.bgp))),
      processes_(context_.get_executor(), std::move(prepared.launcher)),
      kept_image_(std::move(prepared.image)),
      audit_(context_.get_executor(), config, processes_, clock_.clock()),
      zone_(context_.get_executor(), config, processes_, clock_.clock(), std::move(prepared.notify)),
      orders_(std::move(prepared.orders)),
      program_(std::move(program)),
      control_socket_(prepared.control ? std::move(*prepared.control) : UniqueFd()),
      control_(context_.get_executor(), [this](std::string_view request) { return answer(request); }),
      started_ms_(wall_ms()) {
  release_held_signals();
}

Result<void> Supervisor::set_up(ServiceSockets sockets) {
  auto engine = EngineLink::make(context_.get_executor(), engine_settings(config_), std::move(sockets),
                                 processes_, expectations_);
  if (!engine) return engine.error();
  engine_ = std::move(*engine);
  join(nullptr);
  // Until it has been looked up: what is announced must not depend on which comes first.
  for (const Family family : kFamilies) routing_->set_way_out(family, {false, "not looked up yet"});
  restore_orders();
  return {};
}

// Speaker and routing, around an engine that is there.
void Supervisor::join(const std::vector<HandedDecision>* handed) {
  speaker_ = std::make_unique<bgp::Speaker>(
      context_.get_executor(), speaker_settings(config_),
      bgp::Speaker::Hooks{.disabled = [this] { on_bird_ready(); },
                          .withdrawal_late = [this](std::string_view why) { on_withdrawal_late(why); },
                          .withdrawal_confirmed = [this] { on_withdrawal_confirmed(); },
                          .kill_bird = [this](int pidfd, std::string_view why) { kill_bird(pidfd, why); },
                          .changed = [this] { changed(); },
                          .note = [this](const std::string& line) { history_.add(Topic::Bird, line); }});
  routing_ = std::make_unique<Routing>(
      context_.get_executor(), config_, expectations_, device_, *speaker_, history_,
      Routing::Hooks{.pressure = [this](const health::Target& t) { return engine_->pressure(t); },
                     .engine_unfit = [this](std::string_view reason) { replace_engine(reason); },
                     .changed = [this] { changed(); }});
  if (handed == nullptr) return;
  routing_->adopt(*handed);
  speaker_->adopt(routing_->wanted());
}

int Supervisor::run() {
  const auto start = [this](asio::awaitable<void> task) { spawn(context_.get_executor(), std::move(task)); };
  if (auto looks = kernel_.start(); !looks) {
    log_error("{}", looks.error().message);
    return 1;
  }
  start(watch_signals());
  start(watch_launcher());
  start(speak());
  start(watch_expiry());
  start(watch_device());
  start(watch_way_out());
  start(watch_drains());
  start(look_again());
  start(report_regularly());
  start(beat());
  if (control_socket_) start(control_.run(std::move(control_socket_)));
  start_children();
  if (taken_over_) {
    history_.add(Topic::Order, "upgraded in place to version " IMRS_VERSION);
    routing_->start_probing();
  }
  watchdog_.start();
  manager_.say("READY=1");
  context_.run();
  kernel_.stop();
  watchdog_.stop();
  return exit_code_;
}

// The engine starts at once and gets its image when there is one; the routes wait for the probes.
void Supervisor::start_children() {
  engine_->start([this](const image::Image& image) {
    zone_.on_served(image);
    set_expired(zone_.expired_zones());
    start_other_children();
    changed();
  });
  if (taken_over_) {
    zone_.on_served(*engine_->image());
    processes_.reload_programs();  // not by the agent before, which may have had to go on
    return start_other_children();
  }
  if (!kept_image_) {
    const Error& why = kept_image_.error();
    if (why.code != Errc::Unavailable) log_warning("the image on disk is not used: {}", why.message);
    return start_other_children();
  }
  serve_kept_image();
}

// What was audited before the start is served until there is something newer; it will be audited anew, as
// soon as imrs-zone has made it again from the zones on disk. Until it is served the engine has the machine
// for itself.
void Supervisor::serve_kept_image() {
  log_info("image on disk is good: audited {} s ago", clock_.clock().now() - kept_image_->audited);
  zone_.restored(*kept_image_->image.image, kept_image_->audited);
  engine_->publish(std::move(kept_image_->image));
  others_timer_.expires_after(kHeadStart);
  others_timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) start_other_children();
  });
}

void Supervisor::start_other_children() {
  if (std::exchange(others_started_, true)) return;
  others_timer_.cancel();
  audit_.start([this](SharedImage image) {
    zone_.on_offered(*image.image);
    set_expired(zone_.expired_zones());
    engine_->publish(std::move(image));
  });
  const auto note = [this](std::string why) { history_.add(Topic::Program, std::move(why)); };
  zone_.start([this](Candidate candidate) { audit_.audit(std::move(candidate)); }, note);
  web_.start(
      processes_, engine_->counters_for_reading(), [this] { return snapshot(); }, note);
}

// What is changed of the device is changed here on the loop, although the kernel may let it wait: what
// follows depends on it, it is seldom, and the watchdog's end of an agent that stands in it takes the device
// too.
bool Supervisor::make_device() {
  if (auto made = device_.create(config_.service.device, config_.service.addresses); !made) {
    log_error("{}", made.error().message);
    spawn(context_.get_executor(), stop("the device cannot be made", 1));
    return false;
  }
  log_info("device={} created without carrier; BIRD has acknowledged that nothing is announced",
           config_.service.device);
  return true;
}

void Supervisor::on_bird_ready() {
  if (stopping_ || device_.created()) return;
  if (make_device()) routing_->start_probing();
}

void Supervisor::on_withdrawal_late(std::string_view why) {
  if (!device_.created()) return;
  log_error("bird: withdrawal not confirmed ({}): taking {} down", why, config_.service.device);
  if (auto down = device_.set_link(false); !down) log_error("{}", down.error().message);
}

void Supervisor::on_withdrawal_confirmed() {
  if (!device_.created()) return;
  log_info("bird: withdrawal confirmed at last: taking {} up again", config_.service.device);
  if (auto up = device_.set_link(true); !up) log_error("{}", up.error().message);
}

void Supervisor::replace_engine(std::string_view reason) {
  if (engine_->replace(reason)) history_.add(Topic::Engine, fmt::format("replaced: {}", reason));
}

void Supervisor::kill_bird(int pidfd, std::string_view why) {
  history_.add(Topic::Bird, fmt::format("BIRD is killed, which withdraws: {}", why));
  processes_.kill_bird(pidfd, why);
}

// The speaker must not end before the agent does: nobody would withdraw any more.
asio::awaitable<void> Supervisor::speak() {
  co_await speaker_->run();
  if (!stopping_) throw std::logic_error("the speaker has ended");
}

// Sends a snapshot once a second, and soon after changed() has cut the waiting short.
asio::awaitable<void> Supervisor::report_regularly() {
  asio::steady_timer delay(context_);
  for (;;) {
    web_.send(snapshot());
    report_timer_.expires_after(kReportInterval);
    (void)co_await report_timer_.async_wait(kNoThrow);
    delay.expires_after(kReportDelay);
    const auto [error] = co_await delay.async_wait(kNoThrow);
    if (error) co_return;
  }
}

void Supervisor::changed() { report_timer_.cancel(); }

asio::awaitable<void> Supervisor::watch_launcher() {
  const Error end = co_await processes_.run();
  if (stopping_) co_return;
  log_error("the launcher has gone ({}): nothing can be restarted any more", end.message);
  co_await stop("the launcher has gone", 1);
}

asio::awaitable<void> Supervisor::watch_signals() {
  int signal = SIGHUP;
  while (signal == SIGHUP) {
    auto [error, number] = co_await signals_.async_wait(kNoThrow);
    if (error) co_return;
    signal = number;
    if (signal == SIGHUP) spawn(context_.get_executor(), upgrade(""));
  }
  co_await stop(fmt::format("the agent was told to stop (signal {})", signal), 0);
}

asio::awaitable<void> Supervisor::drain_before_the_end(std::string reason) {
  asio::steady_timer timer(context_, config_.bgp.stop_drain_time);
  routing_->drain_rest(reason);
  (void)co_await timer.async_wait(kNoThrow);
  routing_->finish_drains(reason);
  (void)co_await speaker_->wait_settled(kStopLimit / 4);
}

// Ask the neighbours to prefer others, withdraw what draws traffic, then the rest, wait for BIRD, and only
// then let go of the children and the device. Without a device nothing was ever announced. If BIRD does not
// confirm, the device's end withdraws.
asio::awaitable<void> Supervisor::stop(std::string reason, int exit_code) {
  if (stopping_) co_return;
  stopping_ = true;
  exit_code_ = exit_code;
  manager_.say("STOPPING=1");
  history_.add(Topic::Order, "stopping: " + reason);
  if (exit_code == 0 && routing_->announces_anything()) co_await drain_before_the_end(reason);
  routing_->withdraw_all(reason);
  // A co_await stands alone: g++ 12 miscompiles it inside a condition.
  bool confirmed = !device_.created();
  if (!confirmed) confirmed = co_await speaker_->wait_settled(kStopLimit);
  if (confirmed) {
    log_info("nothing is announced any more");
  } else {
    log_error("BIRD has not confirmed the withdrawal in {} ms; {} goes now, which withdraws",
              kStopLimit.count(), config_.service.device);
  }
  processes_.stop();
  context_.stop();
}

// The interfaces by which answers leave, and those of the neighbours, as far as the configuration names them.
std::vector<LinkState> Supervisor::links() const {
  const auto seen = kernel_.last();
  return seen ? seen->links : std::vector<LinkState>();
}

Snapshot Supervisor::snapshot() const {
  Snapshot now;
  now.time_ms = wall_ms();
  now.identity = config_.instance.identity;
  now.kind = config_.instance.kind == InstanceConfig::Kind::Single ? "single" : "cluster";
  now.appliance = config_.instance.appliance == InstanceConfig::Appliance::Calypso ? "calypso" : "pandora";
  now.version = IMRS_VERSION;
  now.started_ms = started_ms_;
  now.image_generation = engine_->generation();
  if (const image::Image* image = engine_->image()) {
    now.image_digest = hex_text(image->digest());
  }
  now.decisions = routing_->decisions();
  now.bgp = bgp_state(config_.bgp, speaker_->observed());
  now.zones = zone_.states();
  now.load = zone_.load();
  now.load.audit = audit_.took_ms();
  now.load.swap = engine_->swap_ms();
  now.probes = routing_->probes();
  for (const Program program : {Program::Engine, Program::Zone, Program::Audit, Program::Web}) {
    now.programs.push_back({.name = std::string(program_name(program)),
                            .pid = processes_.pid(program),
                            .restarts = processes_.restarts(program)});
  }
  now.links = links();
  now.clock_synchronised = read_wall_clock().synchronised;
  now.alarms = alarms(now);
  now.history = history_.newest(History::kShown);
  if (!audit_.untrusted().empty()) now.alarms.push_back(audit_.untrusted());
  for (std::string& alarm : waivers_.alarms(clock_.clock().now())) now.alarms.push_back(std::move(alarm));
  if (!engine_->trouble().empty()) now.alarms.push_back(engine_->trouble());
  if (!audit_.trouble().empty()) now.alarms.push_back(audit_.trouble());
  if (std::string alarm = clock_.alarm(read_wall_clock()); !alarm.empty()) now.alarms.push_back(alarm);
  for (std::string& alarm : zone_.expiry_alarms()) now.alarms.push_back(std::move(alarm));
  if (!zone_.trouble().empty()) now.alarms.push_back(zone_.trouble());
  if (!zone_.oddities().empty()) now.alarms.push_back(zone_.oddities());
  for (std::string& alarm : traffic_.alarms(std::chrono::steady_clock::now())) {
    now.alarms.push_back(std::move(alarm));
  }
  if (std::string alarm = way_out_alarm(); !alarm.empty()) now.alarms.push_back(std::move(alarm));
  if (std::string alarm = self_test_alarm(); !alarm.empty()) now.alarms.push_back(std::move(alarm));
  for (std::string& alarm : engine_->alarms()) now.alarms.push_back(std::move(alarm));
  return now;
}

}  // namespace imrs::agent

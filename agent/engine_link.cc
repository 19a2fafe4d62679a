// The agent's side of the engine's channel. Called by the supervisor and by Processes. It must never
// close a service socket, and never let two swaps overlap: the probes could not tell what is right.
#include "agent/engine_link.h"

#include "agent/base/hex.h"
#include "agent/base/log.h"

namespace imrs::agent {
namespace {

namespace asio = boost::asio;
constexpr std::chrono::seconds kFirstChance{1};
constexpr std::chrono::seconds kTakeLimit{5};  // from offering an image until all workers serve it
constexpr int kEndsUntilGivenUp = 2;
constexpr std::chrono::minutes kPolicyInterval{1};

void log_failure(std::string_view what, const Result<void>& result) {
  if (!result) log_error("engine: {}: {}", what, result.error().message);
}

}  // namespace

EngineLink::EngineLink(asio::any_io_executor executor, Settings settings, AnswerPolicy policy,
                       ServiceSockets sockets, Processes& processes, health::Expectations& expectations)
    : swap_timer_(executor),
      policy_timer_(std::move(executor)),
      policy_(std::move(policy)),
      settings_(std::move(settings)),
      sockets_(std::move(sockets)),
      processes_(processes),
      expectations_(expectations) {}

Result<std::unique_ptr<EngineLink>> EngineLink::make(asio::any_io_executor executor, Settings settings,
                                                     ServiceSockets sockets, Processes& processes,
                                                     health::Expectations& expectations) {
  auto counters = counts::Pages::make(settings.workers);
  if (!counters) return counters.error();
  auto policy = AnswerPolicy::make(settings.cookie_secrets, std::chrono::steady_clock::now());
  if (!policy) return policy.error();
  std::unique_ptr<EngineLink> link(new EngineLink(std::move(executor), std::move(settings),
                                                  std::move(*policy), std::move(sockets), processes,
                                                  expectations));
  if (auto taken = link->take_counters(std::move(*counters)); !taken) return taken.error();
  return link;
}

Result<void> EngineLink::take_counters(UniqueFd counters) {
  auto mapping = counts::Pages::map_worker_pages(counters.get(), settings_.workers);
  if (!mapping) return mapping.error();
  auto reading = read_only_of(counters.get());
  if (!reading) return reading.error();
  counters_ = std::move(counters);
  counters_for_reading_ = std::move(*reading);
  counter_pages_ = std::move(*mapping);
  return {};
}

Processes::Handlers EngineLink::handlers() {
  return {.started = [this] { send_setup(); },
          .message = [this](const Packet& packet) { on_message(packet); },
          .ended = [this] { on_ended(); }};
}

void EngineLink::start(std::function<void(const image::Image&)> on_serving) {
  on_serving_ = std::move(on_serving);
  keep_secrets_fresh();
  const auto handed = std::exchange(handed_, std::nullopt);
  if (!handed) return processes_.keep(Program::Engine, handlers());
  using Clock = std::chrono::steady_clock;
  const Processes::Adopted known{.pid = handed->pid,
                                 .restarts = handed->restarts,
                                 .started = Clock::time_point(Clock::duration(handed->started))};
  auto adopted = processes_.adopt(Program::Engine, handlers(), Channel(UniqueFd(handed->channel)), known);
  log_failure("adopting it", adopted);
  settings_due_ = true;
}

Result<std::unique_ptr<EngineLink>> EngineLink::adopt(asio::any_io_executor executor, Settings settings,
                                                      ServiceSockets sockets, Processes& processes,
                                                      health::Expectations& expectations,
                                                      const HandedEngine& handed, SharedImage image) {
  if (handed.rate_key.size() != 2) return Error{Errc::InvalidInput, "what was handed over: rate_key"};
  using Clock = std::chrono::steady_clock;
  AnswerPolicy policy = AnswerPolicy::remember(
      {.secrets = handed.secrets,
       .denied = handed.denied,
       .rate_key = {handed.rate_key[0], handed.rate_key[1]},
       .own_secrets = handed.own_secrets,
       .renew_at = Clock::time_point(Clock::duration(handed.renew_at))},
      Clock::now());
  std::unique_ptr<EngineLink> link(new EngineLink(std::move(executor), std::move(settings), std::move(policy),
                                                  std::move(sockets), processes, expectations));
  if (auto taken = link->take_counters(UniqueFd(handed.counters)); !taken) return taken.error();
  link->generation_ = link->serving_ = handed.generation;
  link->served_ = std::move(image);
  link->handed_ = handed;
  expectations.publish(link->served_.image);
  expectations.settle();
  return link;
}

bool EngineLink::can_hand_over() const {
  return !swapping_ && !waiting_ && served_.image && processes_.pid(Program::Engine) != 0;
}

HandedEngine EngineLink::hand_over() const {
  const AnswerPolicy::Memory memory = policy_.memory();
  HandedEngine out;
  out.pid = processes_.pid(Program::Engine);
  out.channel = processes_.channel_fd(Program::Engine);
  out.counters = counters_.get();
  out.image = served_.memfd->get();
  out.digest = hex_text(served_.image->digest());
  out.generation = generation_;
  out.restarts = processes_.restarts(Program::Engine);
  out.started = processes_.started(Program::Engine).time_since_epoch().count();
  for (const auto& [role, fd] : sockets_.entries()) {
    out.sockets.push_back({fd.get(), role.worker, role.transport, role.family, role.service, role.probe});
  }
  out.secrets = memory.secrets;
  out.denied = memory.denied;
  out.rate_key = {memory.rate_key[0], memory.rate_key[1]};
  out.own_secrets = memory.own_secrets;
  out.renew_at = memory.renew_at.time_since_epoch().count();
  return out;
}

void EngineLink::publish(SharedImage next) {
  const SharedImage& newest = waiting_ ? *waiting_ : offered_.image ? offered_ : served_;
  if (newest.image && newest.image->digest() == next.image->digest()) return;
  if (swapping_) {
    waiting_ = std::move(next);
    return;
  }
  swapping_ = true;
  ends_with_offered_ = 0;
  replaced_for_offered_ = false;
  offered_ = std::move(next);
  ++generation_;
  offered_at_ = std::chrono::steady_clock::now();
  expectations_.publish(offered_.image);
  send_image();
  wait_for_serving();
}

// An engine that neither serves nor refuses is replaced; the next one is offered the image once more.
void EngineLink::wait_for_serving() {
  swap_timer_.expires_after(kTakeLimit);
  swap_timer_.async_wait([this](const boost::system::error_code& error) {
    if (error || !offered_.image) return;
    processes_.kill(Program::Engine, "it does not take the new image");
    wait_for_serving();
  });
}

void EngineLink::on_ended() {
  const auto now = std::chrono::steady_clock::now();
  const std::string killed_by = policy_.on_engine_ended({pages(), settings_.workers}, now);
  if (!killed_by.empty()) log_error("engine: {}", killed_by);
  if (offered_.image && ++ends_with_offered_ >= kEndsUntilGivenUp) {
    give_up(fmt::format("the engine has ended {} times with it", ends_with_offered_));
  }
}

bool EngineLink::replace(std::string_view reason) {
  if (processes_.uptime(Program::Engine) < kFirstChance) return false;
  processes_.kill(Program::Engine, reason);
  return true;
}

// That the worker's loop turns proves nothing: it does so when idle, too. When a queue overflows, whoever is
// well takes from it, hundreds of times in the time that a probe waits.
health::Pressure EngineLink::pressure(const health::Target& target) const {
  const WorkerPage& page = pages()[target.worker];
  const auto get = [](const Counter& counter) { return counter.load(std::memory_order_relaxed); };
  const auto drops = sockets_.drops(target.service, target.transport, target.worker);
  const std::uint64_t dropped = drops.at_public + drops.at_private;
  if (target.transport == Transport::Udp) {
    const auto& traffic = page.traffic[static_cast<std::size_t>(Transport::Udp)][target.service];
    return {.progress = get(traffic.queries) + get(page.denied),
            .drops = dropped,
            .probe_drops = drops.at_private};
  }
  const std::uint64_t rejected = get(page.tcp_rejected);
  return {.progress = get(page.tcp_accepted) + rejected,
          .drops = dropped + rejected,
          .probe_drops = drops.at_private};
}

EngineLink::Load EngineLink::load() const {
  Load sum;
  const auto get = [](const Counter& counter) { return counter.load(std::memory_order_relaxed); };
  for (std::uint32_t worker = 0; worker < settings_.workers; ++worker) {
    const WorkerPage& page = pages()[worker];
    sum.send_errors += get(page.send_errors);
    for (std::size_t service = 0; service < settings_.families.size(); ++service) {
      std::uint64_t& queries = sum.queries[static_cast<std::size_t>(settings_.families[service])];
      for (const auto& traffic : page.traffic) queries += get(traffic[service].queries);
    }
  }
  return sum;
}

void EngineLink::send_setup() {
  EngineSetup setup;
  setup.workers = settings_.workers;
  setup.sockets = static_cast<std::uint32_t>(sockets_.entries().size());
  setup.identity = settings_.identity;
  setup.rate_limit = settings_.rate_limit;
  setup.rate_key = policy_.rate_key();
  setup.source_key = settings_.source_key;
  const std::array counters{counters_.get()};
  log_failure("setup", processes_.send(Program::Engine, setup, counters));
  std::size_t sent = 0;
  while (sent < sockets_.entries().size()) {
    EngineSockets message;
    std::vector<int> fds;
    for (; sent < sockets_.entries().size() && fds.size() < EngineSockets::kMax; ++sent) {
      message.roles[fds.size()] = sockets_.entries()[sent].role;
      fds.push_back(sockets_.entries()[sent].fd.get());
    }
    message.count = static_cast<std::uint32_t>(fds.size());
    log_failure("sockets", processes_.send(Program::Engine, message, fds));
  }
  send_settings();
  // It answers from what was served before, until it has taken what is on offer or has refused it.
  if (offered_.image && served_.image) send_image(served_, serving_);
  if (offered_.image || served_.image) send_image();
}

void EngineLink::send_settings() {
  if (processes_.pid(Program::Engine) == 0) return;  // they come with the next one's setup
  log_failure("settings", processes_.send(Program::Engine, policy_.settings()));
}

void EngineLink::set_expired(std::uint32_t zones) {
  const bool due = std::exchange(settings_due_, false);
  if (policy_.set_expired(zones) || due) send_settings();
}

void EngineLink::keep_secrets_fresh() {
  policy_timer_.expires_after(kPolicyInterval);
  policy_timer_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    if (policy_.renew(std::chrono::steady_clock::now())) send_settings();
    keep_secrets_fresh();
  });
}

// The newest image the engine has been offered, else the one that is served.
void EngineLink::send_image() { send_image(offered_.image ? offered_ : served_, generation_); }

void EngineLink::send_image(const SharedImage& shared, std::uint64_t generation) {
  EngineImage message;
  message.generation = generation;
  message.digest = shared.image->digest();
  const std::array fds{shared.memfd->get()};
  // An engine that is not running gets the image with its setup.
  if (processes_.pid(Program::Engine) == 0) return;
  log_failure("image", processes_.send(Program::Engine, message, fds));
}

void EngineLink::on_message(const Packet& packet) {
  if (auto serving = packet.as<EngineServing>()) return on_serving(*serving);
  if (auto refused = packet.as<EngineRefused>()) return on_refused(*refused);
  processes_.kill(Program::Engine, fmt::format("sent an unknown message of type {:#x}", packet.type()));
}

void EngineLink::on_serving(const EngineServing& serving) {
  if (serving.generation != generation_) return;
  serving_ = serving.generation;
  log_info("engine pid={} generation={} serving", processes_.pid(Program::Engine), serving_);
  if (!offered_.image) return;  // a restarted engine, with the image that was served before
  served_ = std::exchange(offered_, {});
  const auto took = std::chrono::steady_clock::now() - offered_at_;
  swap_ms_ = static_cast<std::uint32_t>(std::chrono::duration_cast<std::chrono::milliseconds>(took).count());
  trouble_.clear();
  on_serving_(*served_.image);
  settle();
}

// Until no answer of the image before can be on its way any more, both are right.
void EngineLink::settle() {
  swap_timer_.expires_after(settings_.settle);
  swap_timer_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    expectations_.settle();
    end_swap();
  });
}

// The reason may be the engine's own (memory, descriptors): the next one is asked too, once for each image.
void EngineLink::on_refused(const EngineRefused& refused) {
  log_error("engine refused generation={}: {}", refused.generation, refused.reason.str());
  if (refused.generation != generation_ || !offered_.image) return;
  const bool first = !std::exchange(replaced_for_offered_, true);
  if (first && processes_.kill(Program::Engine, "it refuses the new image")) return wait_for_serving();
  give_up(refused.reason.str());
}

// Back to the image before. If there is none, the refused one stays on offer for the next engine, and a
// newer one takes its place at once.
void EngineLink::give_up(const std::string& why) {
  trouble_ = "the engine does not serve the newest image: " + why;
  log_error("{}", trouble_);
  if (served_.image) {
    offered_ = {};
    expectations_.take_back();
    ++generation_;
    send_image();
  }
  swap_timer_.cancel();
  end_swap();
}

void EngineLink::end_swap() {
  swapping_ = false;
  if (waiting_) publish(*std::exchange(waiting_, std::nullopt));
}

const WorkerPage* EngineLink::pages() const noexcept {
  return static_cast<const WorkerPage*>(counter_pages_.address());
}

}  // namespace imrs::agent

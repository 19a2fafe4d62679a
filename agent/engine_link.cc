// The agent's side of the engine's channel. Called by the supervisor and by Processes. It must never
// close a service socket, and never let two swaps overlap: the probes could not tell what is right.
#include "agent/engine_link.h"

#include "agent/base/log.h"

namespace imrs::agent {
namespace {

namespace asio = boost::asio;
constexpr std::chrono::seconds kFirstChance{1};

void log_failure(std::string_view what, const Result<void>& result) {
  if (!result) log_error("engine: {}: {}", what, result.error().message);
}

}  // namespace

EngineLink::EngineLink(asio::any_io_executor executor, Settings settings, ServiceSockets sockets,
                       Processes& processes, health::Expectations& expectations)
    : settle_timer_(std::move(executor)),
      settings_(std::move(settings)),
      sockets_(std::move(sockets)),
      processes_(processes),
      expectations_(expectations) {}

Result<std::unique_ptr<EngineLink>> EngineLink::make(asio::any_io_executor executor,
                                                     Settings settings, ServiceSockets sockets,
                                                     Processes& processes,
                                                     health::Expectations& expectations) {
  const std::size_t size = settings.workers * sizeof(WorkerPage);
  auto counters = make_shared_memfd("imrs-counters", size);
  if (!counters) return counters.error();
  auto mapping = map_shared(counters->get(), size, false);
  if (!mapping) return mapping.error();
  std::unique_ptr<EngineLink> link(new EngineLink(std::move(executor), std::move(settings),
                                                  std::move(sockets), processes, expectations));
  link->counters_ = std::move(*counters);
  link->counter_pages_ = std::move(*mapping);
  return link;
}

void EngineLink::start(std::function<void(const image::Image&)> on_serving) {
  on_serving_ = std::move(on_serving);
  processes_.keep(Program::Engine,
                  {.started = [this] { send_setup(); },
                   .message = [this](const Packet& packet) { on_message(packet); },
                   .ended = [] {}});
}

void EngineLink::publish(SharedImage next) {
  if (swapping_) {
    waiting_ = std::move(next);
    return;
  }
  swapping_ = true;
  offered_ = std::move(next);
  ++generation_;
  expectations_.publish(offered_.image);
  send_image();
}

void EngineLink::replace(std::string_view reason) {
  if (processes_.uptime(Program::Engine) >= kFirstChance) processes_.kill(Program::Engine, reason);
}

health::Pressure EngineLink::pressure(const health::Target& target) const {
  const WorkerPage& page = pages()[target.worker];
  std::uint64_t drops = sockets_.drops(target.service, target.transport, target.worker);
  if (target.transport == Transport::Tcp) {
    drops += page.tcp_rejected.load(std::memory_order_relaxed);
  }
  return {page.progress.load(std::memory_order_relaxed), drops};
}

std::vector<TrafficState> EngineLink::traffic() const {
  std::vector<TrafficState> all;
  const auto get = [](const Counter& counter) { return counter.load(std::memory_order_relaxed); };
  for (const Transport transport : kTransports) {
    for (const Family family : kFamilies) {
      TrafficState sum{.transport = transport, .family = family};
      for (std::uint32_t worker = 0; worker < settings_.workers; ++worker) {
        const TrafficCounters& page = pages()[worker].traffic[static_cast<std::size_t>(transport)]
                                                             [static_cast<std::size_t>(family)];
        sum.queries += get(page.queries);
        sum.responses += get(page.responses);
        sum.malformed += get(page.malformed);
        sum.truncated += get(page.truncated);
        sum.query_bytes += get(page.query_bytes);
        sum.response_bytes += get(page.response_bytes);
        for (std::size_t i = 0; i < kRcodes; ++i) sum.rcodes[i] += get(page.rcodes[i]);
      }
      all.push_back(sum);
    }
  }
  return all;
}

void EngineLink::send_setup() {
  EngineSetup setup;
  setup.workers = settings_.workers;
  setup.sockets = static_cast<std::uint32_t>(sockets_.entries().size());
  setup.identity = settings_.identity;
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
  if (generation_ > 0) send_image();
}

// The newest image the engine has been offered, else the one that is served.
void EngineLink::send_image() {
  const SharedImage& shared = offered_.image ? offered_ : served_;
  EngineImage message;
  message.generation = generation_;
  message.digest = shared.image->digest();
  const std::array fds{shared.memfd->get()};
  auto sent = processes_.send(Program::Engine, message, fds);
  // An engine that is not running gets the image with its setup.
  if (!sent && sent.error().code != Errc::Unavailable) log_failure("image", sent);
}

void EngineLink::on_message(const Packet& packet) {
  if (auto serving = packet.as<EngineServing>()) return on_serving(*serving);
  if (auto refused = packet.as<EngineRefused>()) return on_refused(*refused);
  log_error("engine sent an unknown message of type {:#x}", packet.type());
}

void EngineLink::on_serving(const EngineServing& serving) {
  if (serving.generation != generation_) return;
  serving_ = serving.generation;
  log_info("engine pid={} generation={} serving", processes_.pid(Program::Engine), serving_);
  if (!offered_.image) return;  // a restarted engine, with the image that was served before
  served_ = std::exchange(offered_, {});
  on_serving_(*served_.image);
  settle_timer_.expires_after(settings_.settle);
  settle_timer_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    expectations_.settle();
    end_swap();
  });
}

void EngineLink::on_refused(const EngineRefused& refused) {
  log_error("engine refused generation={}: {}", refused.generation, refused.reason.str());
  if (refused.generation != generation_ || !offered_.image) return;
  offered_ = {};
  expectations_.take_back();
  if (served_.image) {
    ++generation_;
    send_image();
  }
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

// Probes in, desired announcements out. Called by the supervisor. It holds no opinion of its own: what
// is right says health, what is announced does bgp.
#include "agent/routing.h"

#include <algorithm>

#include "agent/base/log.h"
#include "agent/spawn.h"
#include "agent/steering.h"
#include "agent/wall_time.h"

namespace imrs::agent {
namespace {

namespace asio = boost::asio;

// So that the neighbour has had time to act on GRACEFUL_SHUTDOWN.
constexpr std::chrono::seconds kDrainAtLeast{1};

std::string_view in_words(const health::Routes& routes) {
  if (routes.graceful_shutdown) return "yes, asking for others";
  if (routes.specific) return "yes";
  return routes.covering ? "covering" : "no";
}

health::Policy policy_of(const HealthConfig& config) {
  health::Policy policy;
  policy.rise = config.rise;
  policy.fall = config.fall;
  policy.hold_down = config.hold_down;
  policy.hold_down_max = config.hold_down_max;
  return policy;
}

// One line when a target's evidence changes; repeats are in the counts.
void note_change(const ProbeState& probe, health::Evidence evidence, const std::string& detail) {
  if (probe.last == health::to_string(evidence)) return;
  log_write(evidence == health::Evidence::Right ? LogLevel::Info : LogLevel::Warning,
            fmt::format("family={} probe={} was={} {}", to_string(probe.family), health::to_string(evidence),
                        probe.last.empty() ? "nothing" : probe.last, detail));
}

void add_result(ProbeState& probe, health::Evidence evidence) {
  probe.last = health::to_string(evidence);
  switch (evidence) {
    case health::Evidence::Right: ++probe.right; return;
    case health::Evidence::Wrong: ++probe.wrong; return;
    case health::Evidence::Silent: ++probe.silent; return;
    case health::Evidence::CrowdedOut: ++probe.crowded_out; return;
    case health::Evidence::CouldNotAsk: ++probe.could_not_ask; return;
  }
}

}  // namespace

std::vector<health::Target> make_targets(const ServiceConfig& service, std::uint32_t workers) {
  std::vector<health::Target> targets;
  std::array<std::size_t, 2> next_index{};
  for (std::size_t i = 0; i < service.addresses.size(); ++i) {
    const IpAddress& address = service.addresses[i];
    for (const Transport transport : kTransports) {
      for (std::uint32_t worker = 0; worker < workers; ++worker) {
        targets.push_back({.family = address.family,
                           .transport = transport,
                           .address = address.text,
                           .port = service.port,
                           .service = static_cast<std::uint32_t>(i),
                           .worker = worker,
                           .mark = kProbeMark + worker,
                           .index = next_index[static_cast<std::size_t>(address.family)]++});
      }
    }
  }
  return targets;
}

Routing::Routing(asio::any_io_executor executor, const Config& config, health::Expectations& expectations,
                 AnycastDevice& device, bgp::Speaker& speaker, History& history, Hooks hooks)
    : executor_(std::move(executor)),
      config_(config),
      policy_(policy_of(config.health)),
      expectations_(expectations),
      device_(device),
      speaker_(speaker),
      history_(history),
      hooks_(std::move(hooks)),
      targets_(make_targets(config.service, config.engine.workers)) {
  for (const Family family : kFamilies) {
    const auto count = static_cast<std::size_t>(std::ranges::count_if(
        targets_, [&](const health::Target& target) { return target.family == family; }));
    if (count == 0) continue;
    const std::size_t before = decisions_.size();
    for (const NeighbourConfig& neighbour : config.bgp.neighbours) {
      if (neighbour.address.family == family) decisions_.emplace_back(family, neighbour.name, count);
    }
    if (decisions_.size() == before) decisions_.emplace_back(family, "", count);
  }
  for (const health::Target& target : targets_) {
    probes_.push_back({.service = target.address,
                       .family = target.family,
                       .transport = target.transport,
                       .worker = target.worker,
                       .last = {}});
  }
}

void Routing::start_probing() {
  const health::Timing timing{config_.health.interval, config_.health.timeout};
  for (std::size_t i = 0; i < targets_.size(); ++i) {
    const health::Hooks hooks{.pressure = hooks_.pressure,
                              .report = [this, i](const health::Target& target, health::Evidence evidence,
                                                  const std::string& detail) {
                                note_change(probes_[i], evidence, detail);
                                add_result(probes_[i], evidence);
                                on_probe(target, evidence, detail);
                              }};
    probers_.push_back(std::make_unique<health::Prober>(targets_[i], timing, expectations_, hooks));
    spawn(executor_, probers_.back()->run());
  }
}

void Routing::on_probe(const health::Target& target, health::Evidence evidence, const std::string& detail) {
  bool failed = false;
  for (Decision& decided : decisions_) {
    if (decided.family != target.family) continue;
    failed = feed(decided, health::Probed{target.index, evidence, detail}).failed || failed;
  }
  // While the device is down, or gone, nothing can be answered, and no engine is to blame.
  if (failed && device_.link_up() && !device_.gone()) hooks_.engine_unfit(detail);
}

void Routing::set_expiry(bool is_expired, const std::string& detail) {
  for (Decision& decided : decisions_) feed(decided, health::Expiry{is_expired, detail});
}

void Routing::set_way_out(Family family, const health::WayOut& way_out) {
  for (Decision& decided : decisions_) {
    if (decided.family == family) feed(decided, way_out);
  }
}

void Routing::start_over(const std::string& reason) {
  for (Decision& decided : decisions_) {
    if (!decided.state.memory().way_out) continue;  // is told of nothing, and has a reason of its own
    feed(decided, health::WayOut{false, reason});
    feed(decided, health::WayOut{true, ""});
  }
}

std::size_t Routing::order(const Selection& selection, const health::Order& order) {
  std::size_t fit = 0;
  for (Decision& decided : decisions_) {
    if (decided.neighbour.empty()) continue;
    if (selection.family && *selection.family != decided.family) continue;
    if (!selection.neighbour.empty() && selection.neighbour != decided.neighbour) continue;
    ++fit;
    feed(decided, order);
  }
  return fit;
}

void Routing::restore(const std::string& neighbour, const health::Order& order) {
  const bool drain = order.overlay == health::Overlay::Drain;
  this->order({.family = std::nullopt, .neighbour = neighbour},
              {drain ? health::Overlay::Drained : order.overlay, order.detail});
}

void Routing::advance_drains(const std::array<double, 2>& queries_per_second) {
  for (Decision& decided : decisions_) {
    if (decided.state.overlay() != health::Overlay::Drain) continue;
    const auto asked = Clock::now() - decided.drain_began;
    const bool quiet = asked >= kDrainAtLeast &&
                       queries_per_second[static_cast<std::size_t>(decided.family)] <
                           config_.bgp.drain_queries_per_second;
    if (!quiet && asked < config_.bgp.drain_time) continue;
    feed(decided, health::Order{health::Overlay::Drained, decided.state.memory().order});
  }
}

void Routing::drain_rest(const std::string& reason) {
  for (Decision& decided : decisions_) {
    if (decided.state.overlay() != health::Overlay::None) continue;
    feed(decided, health::Order{health::Overlay::Drain, reason});
  }
}

void Routing::finish_drains(const std::string& reason) {
  for (Decision& decided : decisions_) {
    if (decided.state.overlay() != health::Overlay::Drain) continue;
    feed(decided, health::Order{health::Overlay::Drained, reason});
  }
}

void Routing::withdraw_all(const std::string& reason) {
  for (Decision& decided : decisions_) feed(decided, health::Order{health::Overlay::Withdraw, reason});
  announce();
}

health::Verdict Routing::feed(Decision& decided, const health::Event& event) {
  const auto now = Clock::now();
  const bool drained_before = decided.state.overlay() == health::Overlay::Drain;
  health::Verdict verdict = health::step(decided.state, event, policy_, now);
  if (!drained_before && decided.state.overlay() == health::Overlay::Drain) decided.drain_began = now;
  if (!verdict.changed) return verdict;
  decided.since_ms = wall_ms();
  history_.add(Topic::Decision,
               fmt::format("family={} neighbour={} phase={} announce={} reason=\"{}\"",
                           to_string(decided.family), decided.neighbour, health::to_string(verdict.phase),
                           in_words(verdict.routes), verdict.reason));
  announce();
  hooks_.changed();
  return verdict;
}

// The carrier is opened at the first announcement and stays: withdrawal is BIRD's `disable`.
void Routing::announce() {
  if (announces_anything() && !device_.carrier()) {
    if (auto on = device_.set_carrier(true); !on) log_error("anycast0: {}", on.error().message);
  }
  speaker_.announce(wanted());
}

bgp::AnnouncedSet Routing::wanted() const {
  std::vector<std::string> neighbours;
  for (const NeighbourConfig& neighbour : config_.bgp.neighbours) neighbours.push_back(neighbour.name);
  bgp::AnnouncedSet wanted(neighbours);
  for (const Decision& decided : decisions_) {
    if (decided.neighbour.empty()) continue;
    const health::Routes routes = decided.state.routes();
    wanted.at(decided.neighbour) = {
        .specific = routes.specific, .covering = routes.covering, .draining = routes.graceful_shutdown};
  }
  return wanted;
}

bool Routing::announces_anything() const {
  return std::ranges::any_of(decisions_, [](const Decision& decided) {
    return !decided.neighbour.empty() && decided.state.routes().any();
  });
}

std::vector<StandingOrders::Overlaid> Routing::standing() const {
  std::vector<StandingOrders::Overlaid> all;
  for (const Decision& decided : decisions_) {
    const health::Overlay overlay = decided.state.overlay();
    if (decided.neighbour.empty() || overlay == health::Overlay::None) continue;
    const health::Overlay order = overlay == health::Overlay::Withdraw
                                      ? overlay
                                      : health::Overlay::Drain;  // not: drained
    all.push_back({decided.neighbour, std::string(health::to_string(order)), decided.state.memory().order});
  }
  return all;
}

DecisionState Routing::describe(const Decision& decided) const {
  const health::Routes routes = decided.state.routes();
  DecisionState out{.family = decided.family,
                    .neighbour = decided.neighbour,
                    .phase = std::string(health::to_string(decided.state.phase())),
                    .overlay = std::string(health::to_string(decided.state.overlay())),
                    .announce = routes.any() && !decided.neighbour.empty(),
                    .reason = decided.state.reason(),
                    .since_ms = decided.since_ms,
                    .prefixes = {}};
  const auto& sessions = speaker_.observed().sessions;
  const auto session = std::ranges::find(sessions, decided.neighbour, &bgp::SessionObserved::name);
  for (const Prefix& prefix : config_.prefixes) {
    if (prefix.family != decided.family) continue;
    const bool exported = session != sessions.end() && std::ranges::count(session->exported, prefix.text) > 0;
    out.prefixes.push_back({.prefix = prefix.text,
                            .role = std::string(to_string(prefix.role)),
                            .wanted = prefix.role == PrefixRole::Specific ? routes.specific : routes.covering,
                            .exported = exported});
  }
  return out;
}

std::vector<DecisionState> Routing::decisions() const {
  std::vector<DecisionState> all;
  for (const Decision& decided : decisions_) all.push_back(describe(decided));
  return all;
}

std::vector<ProbeState> Routing::probes() const { return probes_; }

}  // namespace imrs::agent

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
                 AnycastDevice& device, bgp::Speaker& speaker, Hooks hooks)
    : executor_(std::move(executor)),
      config_(config),
      policy_(policy_of(config.health)),
      expectations_(expectations),
      device_(device),
      speaker_(speaker),
      hooks_(std::move(hooks)),
      targets_(make_targets(config.service, config.engine.workers)) {
  for (const Family family : kFamilies) {
    const auto count = static_cast<std::size_t>(std::ranges::count_if(
        targets_, [&](const health::Target& target) { return target.family == family; }));
    if (count > 0) decisions_.push_back({family, health::State(count), wall_ms()});
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
  const auto verdict = feed(decision(target.family), health::Probed{target.index, evidence, detail});
  // While the device is down nothing can be answered, and no engine is to blame.
  if (verdict.failed && device_.link_up()) hooks_.engine_unfit(detail);
}

void Routing::set_expiry(bool is_expired, const std::string& detail) {
  for (FamilyDecision& decided : decisions_) feed(decided, health::Expiry{is_expired, detail});
}

void Routing::withdraw_all(const std::string& reason) {
  for (FamilyDecision& decided : decisions_) feed(decided, health::Withdrawal{true, reason});
  announce();
}

health::Verdict Routing::feed(FamilyDecision& decided, const health::Event& event) {
  health::Verdict verdict = health::step(decided.state, event, policy_, std::chrono::steady_clock::now());
  if (!verdict.changed) return verdict;
  decided.since_ms = wall_ms();
  log_info("family={} phase={} announce={} reason=\"{}\"", to_string(decided.family),
           health::to_string(verdict.phase), verdict.announce ? "yes" : "no", verdict.reason);
  announce();
  hooks_.changed();
  return verdict;
}

// The carrier is opened at the first announcement and stays: withdrawal is BIRD's `disable`.
void Routing::announce() {
  bgp::AnnouncedSet wanted;
  bool any = false;
  for (const FamilyDecision& decided : decisions_) {
    const bool announced = decided.state.announce();
    wanted.at(decided.family) = {.specific = announced, .covering = announced, .draining = false};
    any = any || announced;
  }
  if (any && !device_.carrier()) {
    if (auto on = device_.set_carrier(true); !on) log_error("anycast0: {}", on.error().message);
  }
  speaker_.announce(wanted);
}

std::vector<FamilyState> Routing::families() const {
  std::vector<FamilyState> all;
  const bgp::Observed& observed = speaker_.observed();
  for (const FamilyDecision& decided : decisions_) {
    FamilyState family{.family = decided.family,
                       .phase = std::string(health::to_string(decided.state.phase())),
                       .announce = decided.state.announce(),
                       .reason = decided.state.reason(),
                       .since_ms = decided.since_ms,
                       .prefixes = {}};
    for (const Prefix& prefix : config_.prefixes) {
      if (prefix.family != decided.family) continue;
      const bool exported = std::ranges::any_of(observed.sessions, [&](const bgp::SessionObserved& session) {
        return std::ranges::count(session.exported, prefix.text) > 0;
      });
      family.prefixes.push_back({.prefix = prefix.text,
                                 .role = std::string(to_string(prefix.role)),
                                 .wanted = decided.state.announce(),
                                 .exported = exported});
    }
    all.push_back(std::move(family));
  }
  return all;
}

std::vector<ProbeState> Routing::probes() const { return probes_; }

Routing::FamilyDecision& Routing::decision(Family family) {
  return *std::ranges::find(decisions_, family, &FamilyDecision::family);
}

}  // namespace imrs::agent

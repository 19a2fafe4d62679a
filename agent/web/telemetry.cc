// Looks at the engine's memory and remembers. Called by the server: once a second, and for each snapshot.
#include "agent/web/telemetry.h"

#include <algorithm>
#include <limits>

namespace imrs::web {
namespace {

constexpr std::int64_t kDay = 86400;  // seconds
constexpr std::size_t kMaxLoads = 500;
constexpr const char* kBooks = "/rssac002";

std::string book_directory(const WebSettings& settings) {
  return settings.state_directory.empty() ? "" : settings.state_directory + kBooks;
}

}  // namespace

Telemetry::Telemetry(WebSettings settings, counts::Pages pages, std::function<void(const Error&)> on_problem)
    : settings_(std::move(settings)),
      pages_(std::move(pages)),
      book_(settings_, book_directory(settings_), std::move(on_problem)) {
  for (const WebService& service : settings_.services) services_.push_back({service.family, service.address});
  now_.counts = counts::read_counts(pages_, services_);
}

std::optional<Point> Telemetry::look(std::int64_t now_ms, const Snapshot* snapshot) {
  const std::int64_t now = now_ms / 1000;
  now_.time_ms = now_ms;
  now_.counts = counts::read_counts(pages_, services_);
  if (snapshot != nullptr) {
    now_.links = snapshot->links;
    for (const DecisionState& decision : snapshot->decisions) note_phase(decision, now);
  }
  book_.look(
      now_.counts, [this](std::int64_t day) { return counts::read_sources(pages_, day); }, now);
  const std::int64_t step = now / Series::kStep * Series::kStep;
  const std::int64_t begin = step_begin_.time_ms / 1000 / Series::kStep * Series::kStep;
  if (step == begin) return {};
  estimate_sources(now / kDay);
  std::optional<Point> point;
  if (step_begin_.time_ms != 0 && step > begin) {
    point = Point{step - Series::kStep, values_between(step_begin_, now_)};
    point->values.emplace_back("sources.ipv4", estimates_.ipv4);
    point->values.emplace_back("sources.ipv6", estimates_.ipv6);
    point->values.emplace_back("sources.ipv6-aggregate", estimates_.ipv6_aggregate);
    series_.put(point->time, point->values);
    last_ = point->values;
  }
  step_begin_ = now_;
  return point;
}

void Telemetry::estimate_sources(std::int64_t day) {
  counts::Sources sources = counts::read_sources(pages_, day);
  if (book_.today().day == day) sources.merge(book_.today().sources);
  estimates_ = {sources.ipv4.estimate(), sources.ipv6.estimate(), sources.ipv6_aggregate.estimate()};
}

void Telemetry::take(const Snapshot& snapshot) {
  for (const ZoneState& zone : snapshot.zones) {
    note_load(snapshot, zone);
    if (zone.origin == "." && zone.axfr_octets != 0) book_.sized(zone.serial, zone.axfr_octets);
  }
  for (const DecisionState& decision : snapshot.decisions) note_phase(decision, snapshot.time_ms / 1000);
}

void Telemetry::note_phase(const DecisionState& decision, std::int64_t now) {
  auto known = std::ranges::find_if(bands_, [&](const NeighbourBands& one) {
    return one.neighbour == decision.neighbour && one.family == decision.family;
  });
  if (known == bands_.end()) known = bands_.insert(known, {decision.neighbour, decision.family, {}});
  auto& bands = known->bands;
  if (!bands.empty() && now < bands.back().to - Series::kForget) bands.clear();  // the clock was ahead
  if (bands.empty() || bands.back().phase != decision.phase || bands.back().announced != decision.announce) {
    if (!bands.empty()) bands.back().to = now;
    bands.push_back({now, now, decision.phase, decision.announce});
  }
  bands.back().to = std::max(bands.back().to, now);
  while (bands.front().to < now - kDay) bands.pop_front();
}

// A version is new if it was not the last one of its zone.
void Telemetry::note_load(const Snapshot& snapshot, const ZoneState& zone) {
  if (zone.loaded_ms == 0) return;
  const auto known = std::ranges::find_if(loads_.rbegin(), loads_.rend(),
                                          [&](const ZoneLoad& load) { return load.zone == zone.origin; });
  if (known != loads_.rend() && known->serial == zone.serial) return;
  // The times are those of whichever zone's version came last.
  const bool last = std::ranges::none_of(
      snapshot.zones, [&](const ZoneState& other) { return other.loaded_ms > zone.loaded_ms; });
  const LoadState& load = snapshot.load;
  const double seconds = last ? (load.transfer + load.verify + load.compile + load.audit + load.swap) / 1000.0
                              : 0;
  loads_.push_back({zone.loaded_ms / 1000, zone.origin, zone.serial, seconds});
  if (loads_.size() > kMaxLoads) loads_.pop_front();
  // What was on the disk was not learnt of today.
  const bool today = zone.loaded_ms / 1000 / kDay == snapshot.time_ms / 1000 / kDay;
  if (zone.origin == "." && today && seconds > 0) {
    book_.loaded(zone.serial, static_cast<std::uint32_t>(seconds + 0.5));
  }
}

std::vector<counts::MissingName> Telemetry::missing(std::int64_t now_ms, std::size_t most) const {
  return counts::read_missing(pages_, now_ms / 1000 / kDay, most);
}

double Telemetry::last(const std::string& name) const {
  const auto found = std::ranges::find(last_, name, &Values::value_type::first);
  return found == last_.end() ? std::numeric_limits<double>::quiet_NaN() : found->second;
}

}  // namespace imrs::web

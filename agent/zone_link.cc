// The agent's side of imrs-zone's channel. Called by the supervisor and by Processes. It takes no image
// on trust: seals, layout, checksum and the announced digest are checked before the engine hears of it. It
// must never take what is served for what is configured.
#include "agent/zone_link.h"

#include <algorithm>
#include <utility>

#include "agent/base/log.h"
#include "agent/base/memfd.h"
#include "agent/wall_time.h"

namespace imrs::agent {
namespace {

std::string_view to_string(ZoneReport::State state) {
  switch (state) {
    case ZoneReport::State::Loaded: return "loaded";
    case ZoneReport::State::Unchanged: return "unchanged";
    case ZoneReport::State::Unreachable: return "unreachable";
    case ZoneReport::State::Refused: return "refused";
  }
  return "unknown";
}

// Words of imrs-zone's own choice become labels of a metric: only known ones, so that there are not many.
constexpr std::string_view kUnreachable = "unreachable";
constexpr std::string_view kTopics[] = {"transfer", "tsig",       "serial",       "held",
                                        "contents", "dnssec",     "trust-anchor", "zonemd",
                                        "image",    kUnreachable, "other"};

void count_refusal(ZoneState& state, std::string_view topic) {
  const bool known = std::ranges::find(kTopics, topic) != std::end(kTopics);
  ++std::ranges::find(state.refusals, known ? topic : std::string_view("other"), &RefusalCount::reason)
        ->count;
}

}  // namespace

ZoneLink::ZoneLink(boost::asio::any_io_executor executor, const Config& config, Processes& processes,
                   const TrustedClock& clock, std::vector<UniqueFd> notify)
    : timer_(std::move(executor)),
      config_(config),
      processes_(processes),
      clock_(clock),
      clock_offset_(clock.offset()),
      notify_(std::move(notify)) {
  for (const ZoneConfig& zone : config.zones) {
    ZoneState& state = zones_[zone.origin].state;
    state.origin = zone.origin;
    for (const std::string_view topic : kTopics) state.refusals.push_back({std::string(topic), 0});
  }
}

void ZoneLink::start(std::function<void(Candidate)> on_image, std::function<void(std::string)> note,
                     std::chrono::milliseconds patience) {
  on_image_ = std::move(on_image);
  note_ = std::move(note);
  patience_ = patience;
  processes_.keep(Program::Zone, {.started =
                                      [this] {
                                        send_setup();
                                        wait_for_life(patience_);
                                      },
                                  .message = [this](Packet packet) { on_message(std::move(packet)); },
                                  .ended = [this] { timer_.cancel(); }});
}

// One that is killed and does not end (a disk that hangs) is left alone: it is started again when it ends.
// A machine that stood still takes up all of the patience at once, of which imrs-zone has had nothing: so it
// gets the time of a sign more before it is judged.
void ZoneLink::wait_for_life(std::chrono::milliseconds time) {
  timer_.expires_after(time);
  timer_.async_wait([this, time](const boost::system::error_code& error) {
    const bool heard_meanwhile = timer_.expiry() > std::chrono::steady_clock::now();
    if (error || heard_meanwhile || processes_.pid(Program::Zone) == 0) return;
    const std::chrono::milliseconds once_more = patience_ / 20;
    if (time > once_more) return wait_for_life(once_more);
    note_(fmt::format("imrs-zone hangs: it has said nothing for {} s; it is killed and started again",
                      std::chrono::duration_cast<std::chrono::seconds>(patience_).count()));
    if (!processes_.kill(Program::Zone, "it hangs")) wait_for_life(once_more);
  });
}

ZoneLink::Tracked& ZoneLink::tracked(const std::string& origin) {
  const auto configured = zones_.find(origin);
  return configured != zones_.end() ? configured->second : leaving_[origin];
}

void ZoneLink::restored(const image::Image& image, std::int64_t audited) {
  Confirmed all;
  for (const image::ZoneSummary& zone : image.zones()) {
    all[zone.origin] = {.time = audited, .by_this_clock = false, .at_most = true};
  }
  taken_over(image, all);
}

void ZoneLink::taken_over(const image::Image& image, const Confirmed& confirmed) {
  for (const image::ZoneSummary& zone : image.zones()) {
    const auto known = confirmed.find(zone.origin);
    if (known == confirmed.end()) continue;
    Tracked& one = tracked(zone.origin);
    one.stored_serial = zone.serial;
    one.stored = known->second;
  }
}

void ZoneLink::on_offered(const image::Image& image) {
  const auto origin = [](const Tracked* served) { return served->state.origin; };
  reordered_ = !std::ranges::equal(image.zones(), order_, {}, &image::ZoneSummary::origin, origin);
}

void ZoneLink::on_served(const image::Image& image) {
  const auto zones = image.zones();
  reordered_ = false;
  order_.clear();
  std::erase_if(leaving_, [&](const auto& one) {
    return std::ranges::find(zones, one.first, &image::ZoneSummary::origin) == zones.end();
  });
  for (const image::ZoneSummary& zone : zones) {
    Tracked& tracked = this->tracked(zone.origin);
    order_.push_back(&tracked);
    ZoneState& state = tracked.state;
    state.origin = zone.origin;
    if (state.serial != zone.serial || state.loaded_ms == 0) {
      state.loaded_ms = wall_ms();
      refresh(tracked);
      tracked.refreshed.at_most = true;  // if it comes from the disk, its report may come after it
      if (tracked.stored.time != 0 && tracked.stored_serial == zone.serial) {
        tracked.refreshed = tracked.stored;
        tracked.refreshed.time = std::min(tracked.stored.time, clock_.now());
      }
    }
    tracked.delegations = zone.delegations;
    state.serial = zone.serial;
    state.first_signature_end = zone.first_signature_end;
    state.expire = zone.expire;
    state.dnssec_verified = zone.dnssec_verified;
    state.zonemd_verified = zone.zonemd_verified;
    log_info("zone={} serial={} state=serving{}", zone.origin, zone.serial,
             leaving_.contains(zone.origin) ? ", though not configured any more: until the next image" : "");
  }
}

std::optional<Expired> ZoneLink::root_expired(const std::optional<SharedCheck>& waived) const {
  const auto root = zones_.find(".");
  if (root == zones_.end() || root->second.state.loaded_ms == 0) return std::nullopt;
  return expired(age_of(root->second), clock_.now(), waived);
}

std::uint32_t ZoneLink::expired_zones() const {
  std::uint32_t all = 0;
  if (reordered_) return all;
  for (std::size_t i = 0; i < order_.size(); ++i) {
    if (order_[i]->state.origin != "." && expired(age_of(*order_[i]), clock_.now())) all |= 1U << i;
  }
  return all;
}

void ZoneLink::refresh(Tracked& zone) const {
  zone.refreshed = {.time = clock_.now(), .by_this_clock = true, .at_most = false};
}

RootZone ZoneLink::root_zone() const {
  const auto root = zones_.find(".");
  if (root == zones_.end()) return {};
  const std::string& last = root->second.state.last_attempt;
  return {.confirmed = root->second.refreshed.time, .failing = last == "refused" || last == "unreachable"};
}

// Set forward, all become older: the clock may have stood still, and how long nobody knows.
void ZoneLink::on_clock_set() {
  const std::int64_t back = std::exchange(clock_offset_, clock_.offset()) - clock_.offset();
  for (auto* zones : {&zones_, &leaving_}) {
    for (auto& [origin, zone] : *zones) {
      Confirmation& last = zone.refreshed;
      if (back > 0 && last.by_this_clock) last.time -= back;
      last.time = std::min(last.time, clock_.now());
    }
  }
  ZoneClock message;
  message.clock_synchronised = clock_.synchronised() ? 1 : 0;
  message.clock_offset = clock_.offset();
  if (processes_.pid(Program::Zone) == 0) return;  // it comes with its setup
  if (auto sent = processes_.send(Program::Zone, message); !sent) {
    log_error("zone: clock: {}", sent.error().message);
  }
}

ZoneLink::Confirmed ZoneLink::confirmed() const {
  Confirmed all;
  for (const Tracked* served : order_) all[served->state.origin] = served->refreshed;
  return all;
}

std::vector<std::string> ZoneLink::expiry_alarms() const {
  std::vector<std::string> all;
  for (const auto& [origin, tracked] : zones_) {
    if (tracked.state.loaded_ms == 0) continue;
    if (auto why = expiry_alarm(age_of(tracked), clock_.now())) all.push_back("zone " + origin + ": " + *why);
  }
  return all;
}

ZoneAge ZoneLink::age_of(const Tracked& zone) const {
  return {.refreshed = zone.refreshed.time,
          .expire = zone.state.expire,
          .first_signature_end = zone.state.first_signature_end,
          .spread = spread_of(config_.instance.identity, zone.state.expire)};
}

std::vector<ZoneState> ZoneLink::states() const {
  std::vector<ZoneState> all;
  all.reserve(zones_.size());
  for (const auto& [origin, tracked] : zones_) {
    all.push_back(tracked.state);
    all.back().confirmed = tracked.refreshed.time;
    if (tracked.sized_serial == tracked.state.serial) all.back().axfr_octets = tracked.axfr_octets;
  }
  return all;
}

void ZoneLink::send_setup() {
  const std::string json = zone_settings_json(config_, served());
  const std::span text(reinterpret_cast<const std::uint8_t*>(json.data()), json.size());
  auto memfd = make_sealed_memfd("imrs-zone-settings", text);
  if (!memfd) return log_error("zone: {}", memfd.error().message);
  std::vector fds{memfd->get()};
  for (const UniqueFd& fd : notify_) fds.push_back(fd.get());
  ZoneSetup setup;
  setup.clock_synchronised = clock_.synchronised() ? 1 : 0;
  setup.clock_offset = clock_.offset();
  if (auto sent = processes_.send(Program::Zone, setup, fds); !sent) {
    log_error("zone: setup: {}", sent.error().message);
  }
}

void ZoneLink::on_message(Packet packet) {
  wait_for_life(patience_);
  if (packet.as<ZoneAlive>()) return;
  if (auto message = packet.as<ZoneImage>(); message && packet.fds.size() == 2) {
    return on_image(*message, std::move(packet.fds[0]), std::move(packet.fds[1]));
  }
  if (auto report = packet.as<ZoneReport>()) return on_report(*report);
  if (auto report = packet.as<PrimaryReport>()) return on_primary(*report);
  if (auto trouble = packet.as<ZoneTrouble>()) return on_trouble(*trouble);
  processes_.kill(Program::Zone, fmt::format("sent an unknown message of type {:#x}", packet.type()));
}

void ZoneLink::on_image(const ZoneImage& message, UniqueFd memfd, UniqueFd contents) {
  auto image = image::Image::map(memfd.get());
  if (!image) return log_error("image from imrs-zone refused: {}", image.error().message);
  if ((*image)->digest() != message.digest) {
    return log_error("image from imrs-zone refused: its digest is not the one announced");
  }
  if (auto why = unacceptable(**image)) return log_error("image from imrs-zone refused: {}", *why);
  log_info("image verified and compiled in {} ms (transfer {}, verify {}, compile {}): {}", message.load_ms,
           message.transfer_ms, message.verify_ms, message.compile_ms, message.summary.str());
  load_ = {.transfer = message.transfer_ms, .verify = message.verify_ms, .compile = message.compile_ms};
  oddities_ = message.oddities.str();
  if (!oddities_.empty()) log_warning("{}", oddities_);
  on_image_({{std::move(*image), std::make_shared<UniqueFd>(std::move(memfd))},
             std::make_shared<UniqueFd>(std::move(contents))});
}

// A second lock behind imrs-zone's own: exactly the configured zones, whatever is served now, and no serial
// that goes back (RFC 1982 arithmetic), but of what this instance makes itself.
std::optional<std::string> ZoneLink::unacceptable(const image::Image& image) const {
  const auto zones = image.zones();
  if (zones.size() != config_.zones.size()) return "it does not hold exactly the configured zones";
  for (const image::ZoneSummary& zone : zones) {
    const auto config = std::ranges::find(config_.zones, zone.origin, &ZoneConfig::origin);
    if (config == config_.zones.end()) return "zone " + zone.origin + " is not configured";
    const ZoneState& state = zones_.at(zone.origin).state;
    const auto step = static_cast<std::int32_t>(zone.serial - state.serial);
    const bool may_go_back = config->identity || config->accept_serial == zone.serial;
    if (state.loaded_ms != 0 && step < 0 && !may_go_back) {
      return fmt::format("serial {} of {} goes back behind {}", zone.serial, zone.origin, state.serial);
    }
  }
  return std::nullopt;
}

std::map<std::string, ServedZone> ZoneLink::served() const {
  std::map<std::string, ServedZone> all;
  for (const auto& [origin, tracked] : zones_) {
    if (tracked.state.loaded_ms != 0) all[origin] = {tracked.state.serial, tracked.delegations};
  }
  return all;
}

void ZoneLink::on_primary(const PrimaryReport& report) {
  const auto known = zones_.find(report.origin.str());
  if (known == zones_.end()) {
    processes_.kill(Program::Zone, "it reports on a zone that is not configured");
    return;
  }
  auto& all = known->second.state.primaries;
  const std::string primary = report.primary.str();
  auto place = std::ranges::find(all, primary, &PrimaryState::primary);
  if (place == all.end()) {
    // No more than are configured, whoever speaks at the other end of the channel.
    const auto config = std::ranges::find(config_.zones, known->first, &ZoneConfig::origin);
    if (all.size() >= config->primaries.size()) return;
    place = all.insert(place, {.primary = primary, .result = {}, .serial = 0, .reason = {}, .asked_ms = 0});
  }
  place->result = to_string(report.state);
  place->serial = report.serial;
  place->reason = report.reason.str();
  place->asked_ms = wall_ms();
}

void ZoneLink::on_report(const ZoneReport& report) {
  const auto known = zones_.find(report.origin.str());
  if (known == zones_.end()) {
    processes_.kill(Program::Zone, "it reports on a zone that is not configured");
    return;
  }
  Tracked& tracked = known->second;
  ZoneState& state = tracked.state;
  const std::string outcome(to_string(report.state));
  const bool repeated = state.last_attempt == outcome && state.last_reason == report.reason.str() &&
                        state.last_serial == report.serial;
  state.last_attempt = outcome;
  state.last_source = report.source.str();
  state.last_serial = report.serial;
  state.last_reason = report.reason.str();
  state.last_attempt_ms = wall_ms();
  state.next_attempt_ms = state.last_attempt_ms + report.next_ms;
  if (report.axfr_octets != 0) {
    tracked.sized_serial = report.serial;
    tracked.axfr_octets = report.axfr_octets;
  }
  if (report.state == ZoneReport::State::Refused) count_refusal(state, report.topic.str());
  if (report.state == ZoneReport::State::Unreachable) count_refusal(state, kUnreachable);
  if (report.confirmed_at != 0) {
    tracked.stored_serial = report.confirmed_serial;
    tracked.stored = {.time = std::min(report.confirmed_at, clock_.now())};
    const bool served = state.loaded_ms != 0 && report.confirmed_serial == state.serial;
    const Confirmation& last = tracked.refreshed;
    if (served && (last.at_most || last.time < tracked.stored.time)) tracked.refreshed = tracked.stored;
  } else if (report.confirmed != 0 && report.confirmed_serial == tracked.stored_serial) {
    tracked.stored = {};  // a primary has it too: it is as fresh as any
  }
  // Only what is served can be confirmed: a newer version may be waiting, or have been given up.
  if (report.confirmed != 0 && report.confirmed_at == 0 && report.confirmed_serial == state.serial) {
    refresh(tracked);
  }
  if (repeated) return;  // said once; the metrics count the rest
  const bool good = state.last_reason.empty();
  log_write(good ? LogLevel::Info : LogLevel::Warning,
            fmt::format("zone={} serial={} state={} source={}{}", state.origin, report.serial, outcome,
                        state.last_source, good ? "" : " reason=\"" + state.last_reason + "\""));
}

void ZoneLink::on_trouble(const ZoneTrouble& trouble) {
  trouble_ = trouble.text.str();
  if (trouble_.empty()) {
    log_info("zones: the copies on disk are up to date again");
  } else {
    log_error("zones: {}", trouble_);
  }
}

}  // namespace imrs::agent

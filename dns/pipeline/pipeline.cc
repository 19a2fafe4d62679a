// The loop's body: attempts, images, reports, timers. Called by the child. Whatever fails here leaves the
// last good version of every zone as it is.
#include "dns/pipeline/pipeline.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <random>
#include <utility>

#include "agent/base/log.h"
#include "agent/base/memfd.h"
#include "dns/image/compile.h"
#include "dns/image/image.h"
#include "dns/pipeline/contents.h"
#include "dns/pipeline/summary.h"
#include "dns/transfer/axfr.h"
#include "dns/transfer/timers.h"
#include "dns/wire/protocol.h"
#include "dns/zone/axfr_size.h"

namespace imrs::pipeline {
namespace {

using zone::VerifiedZone;

constexpr std::chrono::seconds kFileLook{1};
constexpr std::chrono::seconds kOwnLook{60};  // at what this instance makes itself: it never changes
constexpr std::chrono::seconds kLook{1};  // at the disk's trouble, and between attempts that NOTIFY calls for
constexpr std::int64_t kKeepInterval =
    600;  // seconds between two writes of a version that was only confirmed, and of the time
constexpr std::int64_t kClockSet = 5;  // seconds; what changes by less is judged as before

struct SealedImage {
  UniqueFd memfd, contents;
  Digest digest{};
};

// Compiles, seals, and checks what was sealed as its readers will.
Result<SealedImage> seal(std::span<const VerifiedZone* const> zones) {
  auto octets = image::compile(zones);
  if (!octets) return octets.error();
  auto memfd = make_sealed_memfd("imrs-image", *octets);
  if (!memfd) return memfd.error();
  auto image = image::Image::map(memfd->get());
  if (!image) return image.error().within("the compiled image does not pass its own check");
  auto contents = make_sealed_memfd("imrs-zones", zone_contents(zones));
  if (!contents) return contents.error();
  return SealedImage{std::move(*memfd), std::move(*contents), (*image)->digest()};
}

}  // namespace

Result<std::vector<transfer::TsigKey>> tsig_keys_of(const ZoneSettings& settings) {
  std::vector<transfer::TsigKey> keys;
  for (const TsigKeyConfig& config : settings.tsig_keys) {
    auto key = transfer::make_tsig_key(config.name, config.algorithm, config.secret);
    if (!key) return key.error();
    keys.push_back(std::move(*key));
  }
  for (const ZoneConfig& zone : settings.zones) {
    for (const PrimaryConfig& primary : zone.primaries) {
      const auto there = [&](const transfer::TsigKey& key) { return key.name.text() == primary.key; };
      if (primary.key.empty() || std::ranges::any_of(keys, there)) continue;
      return Error{Errc::InvalidInput, "zone " + zone.origin + ": there is no TSIG key " + primary.key};
    }
  }
  return keys;
}

namespace {

std::uint32_t milliseconds_since(std::chrono::steady_clock::time_point start) {
  const auto took = std::chrono::steady_clock::now() - start;
  return static_cast<std::uint32_t>(std::chrono::duration_cast<std::chrono::milliseconds>(took).count());
}

std::uint32_t axfr_octets(const VerifiedZone& zone) {
  return static_cast<std::uint32_t>(zone::axfr_size(zone.zone()));
}

double chance() {
  static thread_local std::minstd_rand engine{std::random_device{}()};
  return std::uniform_real_distribution<double>(0.0, 1.0)(engine);
}

// 0: it has no SOA.
std::uint32_t serial_of(const zone::Zone& zone) {
  const auto apex = zone.nodes.find(zone.origin);
  if (apex == zone.nodes.end()) return 0;
  const auto soa = apex->second.find(wire::rrtype::SOA);
  if (soa == apex->second.end() || soa->second.rdata.empty()) return 0;
  return transfer::soa_serial(soa->second.rdata.front()).value_or(0);
}

// It is old enough to be answered with SERVFAIL, or not to be announced.
bool is_over(const VerifiedZone& zone, std::int64_t confirmed, std::int64_t now) {
  const std::int64_t end = zone.first_signature_end();
  return now >= confirmed + zone.expire() || (end != 0 && now > end);
}

ZoneReport report_of(const ZoneSource& source, const Attempt& attempt) {
  ZoneReport report;
  report.state = attempt.state;
  report.origin = source.origin().text();
  report.source = attempt.way.empty() ? attempt.source : attempt.source + " (" + attempt.way + ")";
  report.serial = attempt.serial;
  report.reason = attempt.reason;
  report.topic = attempt.topic;
  report.confirmed = attempt.confirmed ? 1 : 0;
  report.confirmed_serial = attempt.confirmed.value_or(0);
  return report;
}

}  // namespace

std::chrono::milliseconds wait_after(const ZoneConfig& config, const VerifiedZone* good, bool succeeded,
                                     int failures, double random) {
  if (!config.file.empty()) return config.refresh.value_or(kFileLook);
  if (config.identity && succeeded) return kOwnLook;
  if (good == nullptr) return transfer::after_first_failure(failures, random);
  const transfer::RefreshTimes times{good->refresh(), good->retry()};
  return succeeded ? transfer::after_success(times, config.refresh, random)
                   : transfer::after_failure(times, config.refresh, failures, random);
}

Result<Pipeline> Pipeline::make(const ZoneSettings& settings, const TrustedClock& clock, Sink sink) {
  Pipeline pipeline(clock, std::move(sink));
  const std::string management = settings.management ? settings.management->text : "";
  auto keys = tsig_keys_of(settings);
  if (!keys) return keys.error();
  for (const ZoneConfig& config : settings.zones) {
    auto origin = wire::Name::parse(config.origin);
    if (!origin) return origin.error().within("zones");
    pipeline.zones_.emplace_back(
        ZoneSource(config, std::move(*origin), management, clock, *keys, {}, pipeline.sink_.alive));
  }
  if (pipeline.zones_.empty()) return Error{Errc::InvalidInput, "zones: there is none"};
  if (!settings.state_directory.empty()) {
    const Store store(settings.state_directory + "/zones");
    pipeline.store_ = store;
    pipeline.keeper_ = std::make_unique<Keeper>(
        [store](const std::string& file, auto content) { return store.save(file, content); });
  }
  return pipeline;
}

Result<std::chrono::steady_clock::time_point> Pipeline::step(Steady::time_point now) {
  sink_.alive();
  if (clock_was_set()) {
    if (auto begun = begin_anew(); !begun) return begun.error();
  }
  for (Tracked& tracked : zones_) {
    if (tracked.due > now) continue;
    if (auto looked = look_after(tracked); !looked) return looked.error();
  }
  if (now >= time_due_) keep_time();
  if (auto told = tell_of_trouble(); !told) return told.error();
  return std::min(std::ranges::min(zones_, {}, &Tracked::due).due, Steady::now() + kLook);
}

bool Pipeline::clock_was_set() {
  const std::int64_t offset = clock_.offset();
  if (std::abs(offset - clock_offset_) <= kClockSet) return false;
  clock_offset_ = offset;
  return true;
}

// By the other time a primary may answer that has not (TSIG), and what was refused for its dates may be good.
Result<void> Pipeline::begin_anew() {
  log_info("the clock has been set: all zones are looked at again");
  time_due_ = {};
  for (Tracked& tracked : zones_) {
    tracked.source.forget_refused();
    tracked.due = {};
    tracked.kept = 0;
    if (tracked.good || !store_ || tracked.source.is_local()) continue;
    if (auto done = restore(tracked); !done) return done;
  }
  return {};
}

Result<void> Pipeline::restore() {
  // What this instance makes itself comes first: the image is then complete when the others have come.
  for (Tracked& tracked : zones_) {
    if (!tracked.source.config().identity) continue;
    if (auto looked = look_after(tracked); !looked) return looked;
  }
  if (!store_) return {};
  for (Tracked& tracked : zones_) {
    if (tracked.source.is_local()) continue;
    if (auto done = restore(tracked); !done) return done;
  }
  return {};
}

Result<void> Pipeline::restore(Tracked& tracked) {
  auto stored = store_->load(tracked.source.origin());
  if (!stored && stored.error().code == Errc::Unavailable) return {};  // a new instance
  const auto start = Steady::now();
  const std::int64_t confirmed = stored ? std::min(stored->confirmed, clock_()) : 0;
  const std::uint32_t serial = stored ? serial_of(stored->zone) : 0;
  const auto accept_stored = [&](VerifiedZone candidate, const Phases& phases) -> Result<void> {
    tracked.kept = confirmed;
    return accept(tracked, std::move(candidate), phases, start, confirmed);
  };
  Attempt attempt;
  if (stored) {
    attempt = tracked.source.restore(std::move(stored->zone), accept_stored);
  } else {
    attempt.source = "disk";
    attempt.state = ZoneReport::State::Refused;
    attempt.reason = stored.error().message;
  }
  if (broken_) return *broken_;
  ZoneReport report = report_of(tracked.source, attempt);
  report.confirmed_at = confirmed;  // also of what is refused: it may be what the agent serves
  report.confirmed_serial = serial;
  if (attempt.state == ZoneReport::State::Loaded) report.axfr_octets = axfr_octets(*tracked.good);
  return sink_.report(report);
}

// A primary has the version that is served.
void Pipeline::confirm(Tracked& tracked, std::int64_t when) {
  tracked.confirmed = when;
  if (!keeper_ || tracked.source.is_local()) return;
  if (tracked.kept != 0 && when - tracked.kept < kKeepInterval) return;
  tracked.kept = when;
  const std::array one{&*tracked.good};
  keeper_->keep(Store::file_of(tracked.source.origin()), encode_stored_zone(zone_contents(one), when));
}

void Pipeline::keep_time() {
  if (!clock_.synchronised()) return;
  time_due_ = Steady::now() + std::chrono::seconds(kKeepInterval);
  if (!keeper_) return;
  const std::string text = std::to_string(clock_()) + "\n";
  keeper_->keep("clock", {text.begin(), text.end()});
}

Result<void> Pipeline::tell_of_trouble() {
  if (!keeper_) return {};
  std::string trouble = keeper_->trouble(Steady::now());
  if (trouble == told_) return {};
  told_ = std::move(trouble);
  return sink_.trouble(told_);
}

void Pipeline::notified(const wire::Name& origin) {
  for (Tracked& tracked : zones_) {
    if (tracked.source.origin() == origin) tracked.due = std::min(tracked.due, tracked.looked + kLook);
  }
}

Result<void> Pipeline::look_after(Tracked& tracked) {
  const auto start = tracked.looked = Steady::now();
  const auto* current = tracked.good ? &*tracked.good : nullptr;
  const auto attempt = tracked.source.attempt(current, [&](VerifiedZone candidate, const Phases& phases) {
    tracked.kept = 0;
    return accept(tracked, std::move(candidate), phases, start, clock_());
  });
  if (broken_) return *broken_;
  if (attempt && tracked.good && attempt->confirmed == tracked.good->serial()) confirm(tracked, clock_());
  using State = ZoneReport::State;
  const bool succeeded = attempt && (attempt->state == State::Loaded || attempt->state == State::Unchanged);
  // A primary that was reached is asked again at the retry time; only silence makes the wait grow. While
  // there is nothing to serve, everything does.
  const bool reached = !attempt || attempt->state == State::Refused;
  const bool serves = tracked.good && (succeeded || !is_over(*tracked.good, tracked.confirmed, clock_()));
  tracked.failures = succeeded ? 0 : (reached && serves ? 1 : tracked.failures + 1);
  tracked.due = Steady::now() + wait_after(tracked.source.config(), serves ? &*tracked.good : nullptr,
                                           succeeded, tracked.failures, chance());
  return attempt ? report(tracked, *attempt) : Result<void>();
}

Result<void> Pipeline::report(const Tracked& tracked, const Attempt& attempt) {
  for (const Asked& asked : attempt.asked) {
    PrimaryReport one;
    one.state = asked.state;
    one.origin = tracked.source.origin().text();
    one.primary = asked.primary;
    one.serial = asked.serial;
    one.reason = asked.reason;
    if (auto sent = sink_.primary(one); !sent) return sent;
  }
  ZoneReport all = report_of(tracked.source, attempt);
  if (attempt.state == ZoneReport::State::Loaded) all.axfr_octets = axfr_octets(*tracked.good);
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(tracked.due - Steady::now());
  all.next_ms = static_cast<std::uint32_t>(std::max<std::int64_t>(left.count(), 0));
  return sink_.report(all);
}

Result<void> Pipeline::accept(Tracked& tracked, VerifiedZone candidate, const Phases& phases,
                              Steady::time_point start, std::int64_t confirmed) {
  std::vector<const VerifiedZone*> all;
  for (const Tracked& other : zones_) {
    if (&other == &tracked) {
      all.push_back(&candidate);
    } else if (other.good) {
      all.push_back(&*other.good);
    }
  }
  sink_.alive();
  // Also while other zones are missing: what cannot be compiled must not count as a good version.
  const auto compiling = Steady::now();
  auto image = seal(all);
  if (!image) return image.error().about("image");
  // Stands until the image is sent: out of memory on the way, this version would count and nobody have it.
  broken_ = Error{Errc::System, "zone " + tracked.source.origin().text() + ": no memory to send its image"};
  // The version before is taken apart only at the end: that takes a while.
  const auto before = std::exchange(tracked.good, std::move(candidate));
  confirm(tracked, confirmed);
  const bool complete = std::ranges::all_of(zones_,
                                            [](const Tracked& zone) { return zone.good.has_value(); });
  if (!complete) {
    broken_.reset();
    return {};
  }
  ZoneImage message;
  message.digest = image->digest;
  message.load_ms = milliseconds_since(start);
  message.transfer_ms = phases.transfer;
  message.verify_ms = phases.verify;
  message.compile_ms = milliseconds_since(compiling);
  message.oddities = tracked.good->oddities();
  message.summary = summary(tracked);
  auto sent = sink_.image(message, image->memfd.get(), image->contents.get());
  broken_ = sent ? std::nullopt : std::optional(sent.error());
  return sent;
}

std::string Pipeline::summary(const Tracked& newest) const {
  std::string text = summary_of(*newest.good);
  for (const Tracked& other : zones_) {
    if (&other == &newest) continue;
    text += "; zone " + other.source.origin().text() + " serial " + std::to_string(other.good->serial());
  }
  return text;
}

}  // namespace imrs::pipeline

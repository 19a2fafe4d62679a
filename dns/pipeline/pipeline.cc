// The loop's body: attempts, images, reports, timers. Called by the child. Whatever fails here leaves the
// last good version of every zone as it is.
#include "dns/pipeline/pipeline.h"

#include <algorithm>
#include <random>

#include "agent/base/memfd.h"
#include "dns/image/compile.h"
#include "dns/image/image.h"
#include "dns/pipeline/contents.h"
#include "dns/pipeline/summary.h"
#include "dns/transfer/timers.h"

namespace imrs::pipeline {
namespace {

using zone::VerifiedZone;

constexpr std::chrono::seconds kFileLook{1};

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

std::uint32_t milliseconds_since(std::chrono::steady_clock::time_point start) {
  const auto took = std::chrono::steady_clock::now() - start;
  return static_cast<std::uint32_t>(std::chrono::duration_cast<std::chrono::milliseconds>(took).count());
}

double chance() {
  static thread_local std::minstd_rand engine{std::random_device{}()};
  return std::uniform_real_distribution<double>(0.0, 1.0)(engine);
}

ZoneReport report_of(const ZoneSource& source, const Attempt& attempt) {
  ZoneReport report;
  report.state = attempt.state;
  report.origin = source.origin().text();
  report.source = attempt.source;
  report.serial = attempt.serial;
  report.reason = attempt.reason;
  report.confirmed = attempt.confirmed ? 1 : 0;
  report.confirmed_serial = attempt.confirmed.value_or(0);
  return report;
}

}  // namespace

std::chrono::milliseconds wait_after(const ZoneConfig& config, const VerifiedZone* good, bool succeeded,
                                     int failures, double random) {
  if (!config.file.empty()) return config.refresh.value_or(kFileLook);
  if (good == nullptr) return transfer::after_first_failure(failures, random);
  const transfer::RefreshTimes times{good->refresh(), good->retry()};
  return succeeded ? transfer::after_success(times, config.refresh, random)
                   : transfer::after_failure(times, config.refresh, failures, random);
}

Result<Pipeline> Pipeline::make(const ZoneSettings& settings, const Clock& clock, Sink sink) {
  Pipeline pipeline(std::move(sink));
  const std::string management = settings.management ? settings.management->text : "";
  for (const ZoneConfig& config : settings.zones) {
    auto origin = wire::Name::parse(config.origin);
    if (!origin) return origin.error().within("zones");
    pipeline.zones_.emplace_back(ZoneSource(config, std::move(*origin), management, clock));
  }
  if (pipeline.zones_.empty()) return Error{Errc::InvalidInput, "zones: there is none"};
  return pipeline;
}

Result<std::chrono::steady_clock::time_point> Pipeline::step(Steady::time_point now) {
  for (Tracked& tracked : zones_) {
    if (tracked.due > now) continue;
    if (auto looked = look_after(tracked); !looked) return looked.error();
  }
  return std::ranges::min(zones_, {}, &Tracked::due).due;
}

Result<void> Pipeline::look_after(Tracked& tracked) {
  const auto start = Steady::now();
  const auto* current = tracked.good ? &*tracked.good : nullptr;
  const auto attempt = tracked.source.attempt(
      current, [&](VerifiedZone candidate) { return accept(tracked, std::move(candidate), start); });
  if (broken_) return *broken_;
  using State = ZoneReport::State;
  const bool succeeded = attempt && (attempt->state == State::Loaded || attempt->state == State::Unchanged);
  // A primary that was reached is asked again at the retry time; only silence makes the wait grow. While
  // there is nothing to serve, everything does.
  const bool reached = !attempt || attempt->state == State::Refused;
  tracked.failures = succeeded ? 0 : (reached && tracked.good ? 1 : tracked.failures + 1);
  tracked.due = Steady::now() + wait_after(tracked.source.config(), tracked.good ? &*tracked.good : nullptr,
                                           succeeded, tracked.failures, chance());
  return attempt ? sink_.report(report_of(tracked.source, *attempt)) : Result<void>();
}

Result<void> Pipeline::accept(Tracked& tracked, VerifiedZone candidate, Steady::time_point start) {
  std::vector<const VerifiedZone*> all;
  for (const Tracked& other : zones_) {
    if (&other == &tracked) {
      all.push_back(&candidate);
    } else if (other.good) {
      all.push_back(&*other.good);
    }
  }
  // Also while other zones are missing: what cannot be compiled must not count as a good version.
  auto image = seal(all);
  if (!image) return image.error();
  tracked.good = std::move(candidate);
  const bool complete = std::ranges::all_of(zones_,
                                            [](const Tracked& zone) { return zone.good.has_value(); });
  if (!complete) return {};
  ZoneImage message;
  message.digest = image->digest;
  message.load_ms = milliseconds_since(start);
  message.summary = summary(tracked);
  auto sent = sink_.image(message, image->memfd.get(), image->contents.get());
  if (!sent) broken_ = sent.error();
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

// dns/pipeline/pipeline.h
// All zones of an instance, each looked after on its own timer; an image of all of them whenever one has
// changed and every one has a good version. One thread; blocks in transfers.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/base/messages.h"
#include "agent/base/result.h"
#include "agent/base/trusted_clock.h"
#include "agent/config/config.h"
#include "dns/pipeline/keeper.h"
#include "dns/pipeline/store.h"
#include "dns/pipeline/zone_source.h"

namespace imrs::pipeline {

// Where the outcome goes. An error of these ends the pipeline. `contents`: the records of the image's zones
// (dns/audit/zone_contents.h); both descriptors are the caller's. `trouble`: what ails the copies on disk
// (empty: nothing any more). `alive`: called between any two things that may take long; must not wait.
struct Sink {
  std::function<Result<void>(const ZoneImage&, int memfd, int contents)> image;
  std::function<Result<void>(const PrimaryReport&)> primary;
  std::function<Result<void>(const ZoneReport&)> report;
  std::function<Result<void>(const std::string&)> trouble;
  std::function<void()> alive;
};

class Pipeline {
 public:
  // Errc::InvalidInput: an origin that is not a name. With a state directory, what is served is kept there.
  // Only a clock that is synchronised is written down there. It may be set by another thread at any time.
  [[nodiscard]] static Result<Pipeline> make(const ZoneSettings& settings, const TrustedClock& clock,
                                             Sink sink);

  // Goes on with what is on disk, if it is genuine; the report says how old it is, and what is too old the
  // agent decides. Once, before the first step().
  [[nodiscard]] Result<void> restore();

  // Makes the attempts that are due at `now`; gives the time of the next one, at most a second away. If the
  // clock has been set by more than a few seconds since the last one, all are due, whatever was refused is
  // looked at again, and a zone without a good version is restored again.
  [[nodiscard]] Result<std::chrono::steady_clock::time_point> step(std::chrono::steady_clock::time_point now);

  // A primary says that the zone has changed: the next attempt is due now, or a second after the last one.
  void notified(const wire::Name& origin);

 private:
  using Steady = std::chrono::steady_clock;
  struct Tracked {
    explicit Tracked(ZoneSource from) : source(std::move(from)) {}

    ZoneSource source;
    std::optional<zone::VerifiedZone> good;  // what is in the last image
    int failures = 0;                        // in a row
    std::int64_t confirmed = 0;              // of `good`; trusted time
    std::int64_t kept = 0;                   // the same, on disk
    Steady::time_point looked{}, due{};      // the last attempt's beginning; the next one
  };

  Pipeline(const TrustedClock& clock, Sink sink)
      : clock_(clock), clock_offset_(clock.offset()), sink_(std::move(sink)) {}
  Result<void> restore(Tracked& tracked);
  [[nodiscard]] bool clock_was_set();
  Result<void> begin_anew();
  void confirm(Tracked& tracked, std::int64_t when);
  void keep_time();
  Result<void> tell_of_trouble();
  Result<void> look_after(Tracked& tracked);
  Result<void> report(const Tracked& tracked, const Attempt& attempt);
  Result<void> accept(Tracked& tracked, zone::VerifiedZone candidate, const Phases& phases,
                      Steady::time_point start, std::int64_t confirmed);
  [[nodiscard]] std::string summary(const Tracked& newest) const;

  TrustedClock clock_;
  std::int64_t clock_offset_;  // at the last step
  Sink sink_;
  std::optional<Store> store_;  // there with a state directory, as is the keeper
  std::unique_ptr<Keeper> keeper_;
  std::string told_;  // the last trouble
  Steady::time_point time_due_{};
  std::vector<Tracked> zones_;
  std::optional<Error> broken_;  // the sink's error
};

// All keys, and no primary without the one it needs. Errc::InvalidInput.
[[nodiscard]] Result<std::vector<transfer::TsigKey>> tsig_keys_of(const ZoneSettings& settings);

// How long to wait after an attempt (nothing: one that said nothing new). Pure but for `random`, from
// [0, 1). `good`: the version served, or null.
[[nodiscard]] std::chrono::milliseconds wait_after(const ZoneConfig& config, const zone::VerifiedZone* good,
                                                   bool succeeded, int failures, double random);

}  // namespace imrs::pipeline

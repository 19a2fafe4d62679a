// dns/pipeline/pipeline.h
// All zones of an instance, each looked after on its own timer; an image of all of them whenever one has
// changed and every one has a good version. One thread; blocks in transfers.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <vector>

#include "agent/base/messages.h"
#include "agent/base/result.h"
#include "agent/base/trusted_clock.h"
#include "agent/config/config.h"
#include "dns/pipeline/zone_source.h"

namespace imrs::pipeline {

// Where the outcome goes. An error of these ends the pipeline. `contents`: the records of the image's zones
// (dns/audit/zone_contents.h); both descriptors are the caller's.
struct Sink {
  std::function<Result<void>(const ZoneImage&, int memfd, int contents)> image;
  std::function<Result<void>(const ZoneReport&)> report;
};

class Pipeline {
 public:
  // Errc::InvalidInput: an origin that is not a name.
  [[nodiscard]] static Result<Pipeline> make(const ZoneSettings& settings, const Clock& clock, Sink sink);

  // Makes the attempts that are due at `now`; gives the time of the next one.
  [[nodiscard]] Result<std::chrono::steady_clock::time_point> step(std::chrono::steady_clock::time_point now);

 private:
  using Steady = std::chrono::steady_clock;
  struct Tracked {
    explicit Tracked(ZoneSource from) : source(std::move(from)) {}

    ZoneSource source;
    std::optional<zone::VerifiedZone> good;  // what is in the last image
    int failures = 0;                        // in a row
    Steady::time_point due{};
  };

  explicit Pipeline(Sink sink) : sink_(std::move(sink)) {}
  Result<void> look_after(Tracked& tracked);
  Result<void> accept(Tracked& tracked, zone::VerifiedZone candidate, Steady::time_point start);
  [[nodiscard]] std::string summary(const Tracked& newest) const;

  Sink sink_;
  std::vector<Tracked> zones_;
  std::optional<Error> broken_;  // the sink's error
};

// How long to wait after an attempt (nothing: one that said nothing new). Pure but for `random`, from
// [0, 1). `good`: the version served, or null.
[[nodiscard]] std::chrono::milliseconds wait_after(const ZoneConfig& config, const zone::VerifiedZone* good,
                                                   bool succeeded, int failures, double random);

}  // namespace imrs::pipeline

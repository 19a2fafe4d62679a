// agent/web/telemetry.h
// Everything imrs-web knows of the traffic: the engine's counts as they are, the last 24 hours of them, the
// UTC day's. Looks at the engine's shared memory; nobody sends it anything.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/config/web_settings.h"
#include "agent/counts/counts.h"
#include "agent/snapshot/snapshot.h"
#include "agent/web/day_book.h"
#include "agent/web/rates.h"
#include "agent/web/series.h"

namespace imrs::web {

// A stretch of time in which the decision about a neighbour did not change.
struct Band {
  std::int64_t from = 0, to = 0;  // Unix time, seconds
  std::string phase;
  bool announced = false;
};

struct NeighbourBands {
  std::string neighbour;
  Family family = Family::V4;
  std::deque<Band> bands;  // one follows the other
};

struct ZoneLoad {
  std::int64_t time = 0;  // Unix time, seconds, at which it went live
  std::string zone;
  std::uint32_t serial = 0;
  double seconds = 0;  // from learning of it
};

struct SourceEstimates {  // of the UTC day so far
  double ipv4 = 0, ipv6 = 0, ipv6_aggregate = 0;
};

// A step that is over.
struct Point {
  std::int64_t time = 0;  // Unix time, seconds, of its begin
  Values values;
};

class Telemetry {
 public:
  // `pages`: of the counts, to be read.
  Telemetry(WebSettings settings, counts::Pages pages, std::function<void(const Error&)> on_problem);

  // Takes up the day that was left unfinished. Call before the first look.
  void open(std::int64_t now_ms) { book_.open(now_ms / 1000); }

  // Looks at the counts; call once a second. The point of a step that is over now, for those who watch.
  std::optional<Point> look(std::int64_t now_ms, const Snapshot* snapshot);

  // What the agent says has changed.
  void take(const Snapshot& snapshot);

  // Writes down what is to be gone on with.
  void save(std::int64_t now_ms) { book_.save(now_ms / 1000); }

  [[nodiscard]] const WebSettings& settings() const noexcept { return settings_; }
  [[nodiscard]] const counts::Counts& counts() const noexcept { return now_.counts; }
  [[nodiscard]] const Series& series() const noexcept { return series_; }
  [[nodiscard]] const std::vector<NeighbourBands>& bands() const noexcept { return bands_; }
  [[nodiscard]] const std::deque<ZoneLoad>& loads() const noexcept { return loads_; }
  [[nodiscard]] const SourceEstimates& sources() const noexcept { return estimates_; }
  [[nodiscard]] const DayBook& book() const noexcept { return book_; }
  // Names that do not exist, of the UTC day.
  [[nodiscard]] std::vector<counts::MissingName> missing(std::int64_t now_ms, std::size_t most) const;
  // What was last put into series(), by name; NaN if it is not known.
  [[nodiscard]] double last(const std::string& name) const;

 private:
  void estimate_sources(std::int64_t day);
  void note_phase(const DecisionState& decision, std::int64_t now);
  void note_load(const Snapshot& snapshot, const ZoneState& zone);

  WebSettings settings_;
  counts::Pages pages_;
  std::vector<counts::Service> services_;
  Look now_, step_begin_;
  Series series_;
  Values last_;
  std::vector<NeighbourBands> bands_;
  std::deque<ZoneLoad> loads_;
  SourceEstimates estimates_;
  DayBook book_;
};

}  // namespace imrs::web

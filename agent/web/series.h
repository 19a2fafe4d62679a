// agent/web/series.h
// What the charts show: values of the last 24 hours at 10 seconds, in memory, by name. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace imrs::web {

using Values = std::vector<std::pair<std::string, double>>;

// The same step for all series; what is not known is NaN.
struct Window {
  std::int64_t start = 0;  // Unix time, seconds, of the first point's begin
  std::int64_t step = 0;   // seconds
  std::size_t points = 0;
  std::map<std::string, std::vector<float>> series;
};

class Series {
 public:
  static constexpr std::int64_t kStep = 10;      // seconds
  static constexpr std::size_t kPoints = 8640;   // a day
  static constexpr std::size_t kMaxNames = 300;  // more are left out
  static constexpr std::size_t kMaxShown = 1440;
  static constexpr std::int64_t kForget = 60;  // seconds

  // The values of the step that begins at `time`, a multiple of kStep; steps in between are not known. A time
  // before the last one is ignored; if it is before it by more than kForget, all is forgotten: the clock was
  // ahead.
  void put(std::int64_t time, const Values& values);

  // The last `seconds` up to the newest point, averaged over as many steps as it takes to get no more than
  // kMaxShown points.
  [[nodiscard]] Window window(std::int64_t seconds) const;

 private:
  [[nodiscard]] float at(const std::vector<float>& column, std::int64_t step) const;

  std::int64_t first_ = 0, last_ = 0;                  // steps since 1970; 0: none
  std::map<std::string, std::vector<float>> columns_;  // by step modulo kPoints
};

}  // namespace imrs::web

// Columns of a ring. Called by Telemetry for each step and by the API for each chart.
#include "agent/web/series.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace imrs::web {
namespace {

constexpr float kUnknown = std::numeric_limits<float>::quiet_NaN();

std::size_t place(std::int64_t step) { return static_cast<std::size_t>(step) % Series::kPoints; }

}  // namespace

void Series::put(std::int64_t time, const Values& values) {
  const std::int64_t step = time / kStep;
  if ((last_ - step) * kStep > kForget) *this = Series();
  if (step <= last_) return;
  const std::int64_t gap = last_ == 0 ? 1 : std::min<std::int64_t>(step - last_, kPoints);
  for (auto& [name, column] : columns_) {
    for (std::int64_t i = 0; i < gap; ++i) column[place(step - i)] = kUnknown;
  }
  for (const auto& [name, value] : values) {
    auto found = columns_.find(name);
    if (found == columns_.end()) {
      if (columns_.size() >= kMaxNames) continue;
      found = columns_.emplace(name, std::vector<float>(kPoints, kUnknown)).first;
    }
    found->second[place(step)] = static_cast<float>(value);
  }
  if (first_ == 0) first_ = step;
  last_ = step;
  first_ = std::max(first_, last_ - static_cast<std::int64_t>(kPoints) + 1);
}

float Series::at(const std::vector<float>& column, std::int64_t step) const {
  return step < first_ || step > last_ ? kUnknown : column[place(step)];
}

Window Series::window(std::int64_t seconds) const {
  Window out;
  const auto wanted = std::clamp<std::int64_t>(seconds / kStep, 1, kPoints);
  const auto group = (wanted + static_cast<std::int64_t>(kMaxShown) - 1) /
                     static_cast<std::int64_t>(kMaxShown);
  out.step = group * kStep;
  if (last_ == 0) return out;
  // Whole groups, the same ones whenever it is asked.
  const std::int64_t end = last_ / group + 1;
  const std::int64_t begin = std::max(end - wanted / group, first_ / group);
  out.start = begin * out.step;
  out.points = static_cast<std::size_t>(end - begin);
  for (const auto& [name, column] : columns_) {
    std::vector<float>& shown = out.series[name];
    for (std::int64_t i = begin; i < end; ++i) {
      double sum = 0;
      int known = 0;
      for (std::int64_t step = i * group; step < (i + 1) * group; ++step) {
        const float value = at(column, step);
        if (std::isnan(value)) continue;
        sum += value;
        ++known;
      }
      shown.push_back(known == 0 ? kUnknown : static_cast<float>(sum / known));
    }
  }
  return out;
}

}  // namespace imrs::web

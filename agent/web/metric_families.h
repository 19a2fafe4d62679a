// agent/web/metric_families.h
// The metrics by subject, and the way they are written down. Internal to metrics.
#pragma once

#include <prometheus/metric_family.h>

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "agent/counts/counts.h"
#include "agent/snapshot/snapshot.h"
#include "agent/web/site.h"

namespace imrs::web {

using Labels = std::vector<prometheus::ClientMetric::Label>;
using Families = std::vector<prometheus::MetricFamily>;

// One metric with its help and its samples, to be filled and put into a Families.
class Metric {
 public:
  Metric(std::string name, std::string help, prometheus::MetricType type);
  void add(Labels labels, double value);
  void add(Labels labels, std::uint64_t value) { add(std::move(labels), static_cast<double>(value)); }
  void add(Labels labels, bool value) { add(std::move(labels), value ? 1.0 : 0.0); }
  // `counts`: of the values up to bounds[i], and of those up to any, each with those before it.
  void add(Labels labels, std::span<const double> bounds, std::span<const std::uint64_t> counts, double sum);
  // Moves the metric there; one without samples is left out.
  void into(Families& families);

 private:
  prometheus::MetricFamily family_;
};

[[nodiscard]] Metric counter(std::string name, std::string help);
[[nodiscard]] Metric gauge(std::string name, std::string help);
[[nodiscard]] Metric histogram(std::string name, std::string help);

void add_traffic(const counts::Counts& counts, const SourceEstimates& sources, Families& out);
void add_sizes_and_times(const counts::Counts& counts, Families& out);
void add_engine(const counts::Counts& counts, Families& out);
void add_web(const View& view, Families& out);  // HTTP, certificates, RSSAC002
void add_zones(const Snapshot& snapshot, std::int64_t now_ms, Families& out);
void add_probes(const Snapshot& snapshot, Families& out);
void add_routing(const Snapshot& snapshot, Families& out);   // decision, prefixes, BIRD, sessions
void add_instance(const Snapshot& snapshot, Families& out);  // programs, alarms, versions, times

}  // namespace imrs::web

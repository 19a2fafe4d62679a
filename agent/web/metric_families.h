// agent/web/metric_families.h
// The metrics by subject, and the way they are written down. Internal to metrics.
#pragma once

#include <prometheus/metric_family.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "agent/snapshot/snapshot.h"

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
  // Moves the metric there; one without samples is left out.
  void into(Families& families);

 private:
  prometheus::MetricFamily family_;
};

[[nodiscard]] Metric counter(std::string name, std::string help);
[[nodiscard]] Metric gauge(std::string name, std::string help);

void add_traffic(const Snapshot& snapshot, Families& out);
void add_engine(const Snapshot& snapshot, Families& out);
void add_zones(const Snapshot& snapshot, std::int64_t now_ms, Families& out);
void add_probes(const Snapshot& snapshot, Families& out);
void add_routing(const Snapshot& snapshot, Families& out);   // decision, prefixes, BIRD, sessions
void add_instance(const Snapshot& snapshot, Families& out);  // programs, alarms, versions, times

}  // namespace imrs::web

// All metrics as one Collectable, serialised by prometheus-cpp. Called by the site for each scrape; nothing
// is kept between two scrapes.
#include "agent/web/metrics.h"

#include <prometheus/collectable.h>
#include <prometheus/text_serializer.h>

#include <limits>

#include "agent/web/metric_families.h"

namespace imrs::web {
namespace {

class AllMetrics : public prometheus::Collectable {
 public:
  explicit AllMetrics(const View& view) : view_(view) {}

  Families Collect() const override {
    Families families;
    const Snapshot& snapshot = *view_.snapshot;
    const counts::Counts& counts = view_.telemetry.counts();
    add_instance(snapshot, families);
    add_routing(snapshot, families);
    add_probes(snapshot, families);
    add_zones(snapshot, view_.now_ms, families);
    add_traffic(counts, view_.telemetry.sources(), families);
    add_sizes_and_times(counts, families);
    add_engine(counts, families);
    add_web(view_, families);
    return families;
  }

 private:
  const View& view_;
};

}  // namespace

Metric::Metric(std::string name, std::string help, prometheus::MetricType type)
    : family_{std::move(name), std::move(help), type, {}} {}

void Metric::add(Labels labels, double value) {
  prometheus::ClientMetric sample;
  sample.label = std::move(labels);
  if (family_.type == prometheus::MetricType::Counter) {
    sample.counter.value = value;
  } else {
    sample.gauge.value = value;
  }
  family_.metric.push_back(std::move(sample));
}

void Metric::add(Labels labels, std::span<const double> bounds, std::span<const std::uint64_t> counts,
                 double sum) {
  prometheus::ClientMetric sample;
  sample.label = std::move(labels);
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const double bound = i < bounds.size() ? bounds[i] : std::numeric_limits<double>::infinity();
    sample.histogram.bucket.push_back({counts[i], bound});
  }
  sample.histogram.sample_count = counts.empty() ? 0 : counts.back();
  sample.histogram.sample_sum = sum;
  family_.metric.push_back(std::move(sample));
}

void Metric::into(Families& families) {
  if (!family_.metric.empty()) families.push_back(std::move(family_));
}

Metric counter(std::string name, std::string help) {
  return {std::move(name), std::move(help), prometheus::MetricType::Counter};
}

Metric gauge(std::string name, std::string help) {
  return {std::move(name), std::move(help), prometheus::MetricType::Gauge};
}

Metric histogram(std::string name, std::string help) {
  return {std::move(name), std::move(help), prometheus::MetricType::Histogram};
}

std::string metrics_text(const View& view) {
  const AllMetrics metrics(view);
  return prometheus::TextSerializer().Serialize(metrics.Collect());
}

}  // namespace imrs::web

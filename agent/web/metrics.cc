// All metrics as one Collectable, serialised by prometheus-cpp. Called by the site for each scrape; nothing
// is kept between two scrapes.
#include "agent/web/metrics.h"

#include <prometheus/collectable.h>
#include <prometheus/text_serializer.h>

#include "agent/web/metric_families.h"

namespace imrs::web {
namespace {

class SnapshotMetrics : public prometheus::Collectable {
 public:
  SnapshotMetrics(const Snapshot& snapshot, std::int64_t now_ms) : snapshot_(snapshot), now_ms_(now_ms) {}

  Families Collect() const override {
    Families families;
    add_instance(snapshot_, families);
    add_routing(snapshot_, families);
    add_probes(snapshot_, families);
    add_zones(snapshot_, now_ms_, families);
    add_traffic(snapshot_, families);
    add_engine(snapshot_, families);
    return families;
  }

 private:
  const Snapshot& snapshot_;
  std::int64_t now_ms_;
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

void Metric::into(Families& families) {
  if (!family_.metric.empty()) families.push_back(std::move(family_));
}

Metric counter(std::string name, std::string help) {
  return {std::move(name), std::move(help), prometheus::MetricType::Counter};
}

Metric gauge(std::string name, std::string help) {
  return {std::move(name), std::move(help), prometheus::MetricType::Gauge};
}

std::string metrics_text(const Snapshot& snapshot, std::int64_t now_ms) {
  const SnapshotMetrics metrics(snapshot, now_ms);
  return prometheus::TextSerializer().Serialize(metrics.Collect());
}

}  // namespace imrs::web

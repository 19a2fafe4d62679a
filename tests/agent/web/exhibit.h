// tests/agent/web/exhibit.h
// What the pages are made of besides a snapshot: counts in a memory of their own, which the test can write.
#pragma once

#include <memory>

#include "agent/web/site.h"
#include "agent/web/telemetry.h"
#include "sample.h"

namespace imrs::web {

// The settings that go with the snapshots of sample.h.
[[nodiscard]] WebSettings sample_settings();

class Exhibit {
 public:
  // Two workers; `settings` as given.
  explicit Exhibit(WebSettings settings = sample_settings());

  [[nodiscard]] WorkerPage& worker(std::size_t index) { return pages_.workers()[index]; }
  [[nodiscard]] const counts::Pages& pages() const { return pages_; }
  [[nodiscard]] Telemetry& telemetry() { return *telemetry_; }
  // Looks at the counts and shows them with the snapshot (null: none yet).
  [[nodiscard]] View view(const Snapshot* snapshot, std::int64_t now_ms = kNow);

  // Another descriptor of the counts.
  [[nodiscard]] int counters() const { return memory_.get(); }

 private:
  UniqueFd memory_;
  counts::Pages pages_;
  std::unique_ptr<Telemetry> telemetry_;
  HttpCounts http_;
};

}  // namespace imrs::web

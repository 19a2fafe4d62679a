#include "exhibit.h"

namespace imrs::web {
namespace {

constexpr std::uint32_t kWorkers = 2;

}  // namespace

WebSettings sample_settings() {
  WebSettings settings;
  settings.identity = "fra02.l.example";
  settings.appliance = "calypso";
  settings.workers = kWorkers;
  settings.services = {
      {Family::V4, "199.7.83.42"}, {Family::V6, "2001:500:9f::42"}, {Family::V6, "2001:500:3::42"}};
  settings.prefixes = {"199.7.83.0/24", "2001:500:9f::/48", "2001:500:3::/48", "199.7.82.0/23",
                       "2001:500:9e::/47"};
  settings.neighbours = {{.name = "host4",
                          .family = Family::V4,
                          .address = "192.0.2.1",
                          .source = "192.0.2.2",
                          .as = 64500,
                          .local_as = 20144,
                          .hold_time = 9,
                          .keepalive_time = 3},
                         {.name = "host6",
                          .family = Family::V6,
                          .address = "2001:db8:100::1",
                          .source = "2001:db8:100::2",
                          .as = 64500,
                          .local_as = 20144,
                          .hold_time = 9,
                          .keepalive_time = 3}};
  return settings;
}

Exhibit::Exhibit(WebSettings settings) {
  memory_ = std::move(*counts::Pages::make(kWorkers));
  pages_ = std::move(*counts::Pages::map(memory_.get(), kWorkers, true));
  pages_.names().since = static_cast<std::uint64_t>(kNow / 1000);  // the day's
  telemetry_ = std::make_unique<Telemetry>(std::move(settings),
                                           std::move(*counts::Pages::map(memory_.get(), kWorkers, false)),
                                           [](const Error&) {});
}

View Exhibit::view(const Snapshot* snapshot, std::int64_t now_ms) {
  (void)telemetry_->look(now_ms, snapshot);
  return {
      .snapshot = snapshot, .telemetry = *telemetry_, .http = http_, .certificates = {}, .now_ms = now_ms};
}

}  // namespace imrs::web

// The audit of an image on disk. Called by main. It reads the zones by the audit's own reader, not by the one
// that they were compiled with.
#include "dns/pipeline/audit_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "agent/base/trusted_clock.h"
#include "dns/audit/audit.h"
#include "dns/image/image.h"

namespace imrs::pipeline {
namespace {

Result<audit::ZoneInput> read_zone(const std::string& argument) {
  const std::size_t equals = argument.find('=');
  if (equals == std::string::npos || equals + 1 == argument.size()) {
    return Error{Errc::InvalidInput, "--zone \"" + argument + "\": write ORIGIN=FILE, as in .=root.zone"};
  }
  auto origin = wire::Name::parse(argument.substr(0, equals));
  if (!origin) return origin.error().within("--zone");
  auto records = audit::read_zone_file(argument.substr(equals + 1), *origin);
  if (!records) return records.error();
  return audit::ZoneInput{.origin = std::move(*origin), .records = std::move(*records)};
}

Result<std::vector<audit::ZoneInput>> read_zones(const AuditOptions& options) {
  std::vector<audit::ZoneInput> zones;
  for (const std::string& argument : options.zones) {
    auto zone = read_zone(argument);
    if (!zone) return zone.error();
    zones.push_back(std::move(*zone));
  }
  for (const std::string& text : options.unsigned_zones) {
    auto origin = wire::Name::parse(text);
    if (!origin) return origin.error().within("--unsigned");
    const auto found = std::ranges::find(zones, *origin, &audit::ZoneInput::origin);
    if (found == zones.end()) {
      return Error{Errc::InvalidInput, "--unsigned " + text + ": there is no such --zone"};
    }
    found->secure = false;
  }
  return zones;
}

}  // namespace

Result<std::string> run_audit(const AuditOptions& options) {
  const auto start = std::chrono::steady_clock::now();
  auto image = image::Image::load_file(options.image);
  if (!image) return image.error();
  auto zones = read_zones(options);
  if (!zones) return zones.error();
  audit::Records anchors = audit::make_records();
  for (const std::string& path : options.trust_anchors) {
    if (auto read = audit::read_trust_anchors(path, anchors); !read) return read.error();
  }
  const std::int64_t now = options.now ? *options.now : TrustedClock().now();
  auto auditor = audit::Auditor::make(std::move(*zones), anchors, now, audit::audit_threads());
  if (!auditor) return auditor.error();
  auto report = auditor->audit(**image);
  if (!report) return report.error().within(options.image);
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
  return fmt::format("{}: every answer is right: {}, {:.0f} ms\n", options.image, report->text(),
                     took.count());
}

}  // namespace imrs::pipeline

// The one-shot way from zone files to an image. Called by main. A zone goes in verified or, when the
// operator says so on the command line, marked as not verified.
#include "dns/pipeline/compile_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "agent/base/trusted_clock.h"
#include "dns/image/compile.h"
#include "dns/image/image.h"
#include "agent/base/whole_file.h"
#include "dns/pipeline/summary.h"
#include "dns/zone/parse.h"
#include "dns/zone/verify.h"

namespace imrs::pipeline {
namespace {

using Milliseconds = std::chrono::duration<double, std::milli>;
using zone::VerifyPolicy;

struct ZoneFile {
  wire::Name origin;
  std::string path;
};

Result<ZoneFile> parse_zone_argument(const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos || equals + 1 == text.size()) {
    return Error{Errc::InvalidInput, "--zone \"" + text + "\": write ORIGIN=FILE, as in .=root.zone"};
  }
  auto origin = wire::Name::parse(text.substr(0, equals));
  if (!origin) return origin.error().within("--zone");
  return ZoneFile{std::move(*origin), text.substr(equals + 1)};
}

class Compilation {
 public:
  explicit Compilation(const CompileOptions& options)
      : options_(options), now_(options.now ? *options.now : TrustedClock().now()) {}

  Result<std::string> run() {
    if (auto read = read_arguments(); !read) return read.error();
    std::string report;
    for (const ZoneFile& file : files_) {
      auto line = load(file);
      if (!line) return line.error();
      report += *line;
    }
    std::vector<const zone::VerifiedZone*> all;
    for (const zone::VerifiedZone& zone : zones_) all.push_back(&zone);
    auto octets = image::compile(all);
    if (!octets) return octets.error();
    auto image = image::Image::adopt(std::move(*octets));
    if (!image) return image.error().within("the compiled image does not pass its own check");
    if (auto written = write_whole(options_.output, (*image)->bytes()); !written) {
      return written.error();
    }
    return report;
  }

 private:
  Result<void> read_arguments() {
    for (const std::string& text : options_.zones) {
      auto file = parse_zone_argument(text);
      if (!file) return file.error();
      files_.push_back(std::move(*file));
    }
    for (const std::string& text : options_.unsigned_zones) {
      auto origin = wire::Name::parse(text);
      if (!origin) return origin.error().within("--unsigned");
      if (std::ranges::none_of(files_, [&](const ZoneFile& f) { return f.origin == *origin; })) {
        return Error{Errc::InvalidInput, "--unsigned " + text + ": there is no such --zone"};
      }
      unsigned_.push_back(std::move(*origin));
    }
    for (const std::string& path : options_.trust_anchors) {
      auto anchors = zone::load_trust_anchors(path);
      if (!anchors) return anchors.error();
      anchors_.insert(anchors_.end(), anchors->begin(), anchors->end());
    }
    return {};
  }

  [[nodiscard]] VerifyPolicy policy_for(const wire::Name& origin) const {
    if (options_.no_verify) return {VerifyPolicy::Dnssec::None, VerifyPolicy::Zonemd::None};
    if (std::ranges::find(unsigned_, origin) != unsigned_.end()) {
      return {VerifyPolicy::Dnssec::None, VerifyPolicy::Zonemd::IfPresent};
    }
    return {};
  }

  // Reads and verifies one zone; gives its line of the report.
  Result<std::string> load(const ZoneFile& file) {
    const auto start = std::chrono::steady_clock::now();
    auto parsed = zone::parse_file(file.path, file.origin);
    if (!parsed) return parsed.error();
    auto verified = zone::verify(std::move(*parsed), anchors_, policy_for(file.origin), now_);
    if (!verified) return verified.error().within(file.path);
    zones_.push_back(std::move(*verified));
    const Milliseconds took = std::chrono::steady_clock::now() - start;
    return fmt::format("{}, {:.0f} ms\n", summary_of(zones_.back()), took.count());
  }

  const CompileOptions& options_;
  std::int64_t now_;
  std::vector<ZoneFile> files_;
  std::vector<wire::Name> unsigned_;
  std::vector<zone::TrustAnchor> anchors_;
  std::vector<zone::VerifiedZone> zones_;
};

}  // namespace

Result<std::string> run_compile(const CompileOptions& options) { return Compilation(options).run(); }

}  // namespace imrs::pipeline

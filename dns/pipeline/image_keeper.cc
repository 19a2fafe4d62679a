// The auditor's disk. Called once, before its sandbox; the disk is waited for by a thread of its own. What it
// writes names the very image that has passed, and what that was judged by.
#include "dns/pipeline/image_keeper.h"

#include <memory>
#include <utility>

#include "agent/base/cage.h"
#include "agent/base/landlock.h"
#include "agent/base/log.h"
#include "dns/image/kept.h"
#include "dns/pipeline/keeper.h"
#include "agent/base/whole_file.h"

namespace imrs::pipeline {
namespace {

Result<Digest> basis_of(const std::string& settings_json, const ZoneSettings& settings) {
  std::vector<std::string> anchors;
  for (const ZoneConfig& zone : settings.zones) {
    anchors.insert(anchors.end(), zone.trust_anchors.begin(), zone.trust_anchors.end());
  }
  return image::basis_of(settings_json, anchors, IMRS_VERSION);
}

// Said once until it works again: the keeper tries on.
std::function<Result<void>(const std::string&, std::span<const std::uint8_t>)> saver(std::string directory) {
  return [directory = std::move(directory), failed = false](const std::string& name, auto octets) mutable {
    auto saved = save_generation(directory + "/" + name, octets);
    if (!saved && !failed) log_error("the image cannot be kept on disk: {}", saved.error().message);
    failed = !saved;
    return saved;
  };
}

}  // namespace

Result<audit::OnPassed> keep_images(const std::string& settings_json, const ZoneSettings& settings) {
  if (settings.state_directory.empty()) return audit::OnPassed();
  if (auto given_up = give_up_dumps_and_privileges(); !given_up) return given_up.error();
  auto basis = basis_of(settings_json, settings);
  if (!basis) return basis.error();
  const std::string directory = settings.state_directory + "/image";
  auto restricted = restrict_files({.read = {}, .write = {directory}});
  if (!restricted && restricted.error().code == Errc::Unavailable) {
    log_warning("images are not kept on disk: {}", restricted.error().message);
    return audit::OnPassed();
  }
  if (!restricted) return restricted.error();
  const auto keeper = std::make_shared<Keeper>(saver(directory));
  return audit::OnPassed([basis = *basis, keeper](const image::Image& image, std::int64_t now) {
    auto octets = image::encode_kept_header({.audited = now, .basis = basis, .image = image.digest()});
    octets.insert(octets.end(), image.bytes().begin(), image.bytes().end());
    keeper->keep("image", std::move(octets));
  });
}

}  // namespace imrs::pipeline

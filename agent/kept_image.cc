// Reads the kept image. Called once, at the start. It must never take an image whose audit was not about just
// these octets, these settings and these trust anchors: everybody else would take its answers for right.
#include "agent/kept_image.h"

#include <unistd.h>

#include <algorithm>
#include <array>

#include "agent/base/memfd.h"
#include "agent/base/regular_file.h"
#include "dns/image/kept.h"
#include "dns/image/layout.h"

namespace imrs::agent {
namespace {

Error unusable(std::string why) { return Error{Errc::InvalidInput, std::move(why)}; }

// Of what the verdict depends on, as the auditor computes it (dns/pipeline/image_keeper.cc).
Result<Digest> basis_of(const Config& config) {
  std::vector<std::string> anchors;
  for (const ZoneConfig& zone : config.zones) {
    anchors.insert(anchors.end(), zone.trust_anchors.begin(), zone.trust_anchors.end());
  }
  return image::basis_of(audit_settings_json(config), anchors, IMRS_VERSION);
}

Result<image::KeptHeader> read_header(int fd) {
  std::array<std::uint8_t, image::kKeptHeaderSize> octets{};
  if (::read(fd, octets.data(), octets.size()) != static_cast<ssize_t>(octets.size())) {
    return unusable("it is cut");
  }
  return image::decode_kept_header(octets);
}

// What an image is looked at with.
struct Moment {
  std::int64_t now;
  std::optional<SharedCheck> waived;
};

Result<void> check_zones(const Config& config, const KeptImage& kept, const Moment& at) {
  const auto zones = kept.image.image->zones();
  if (zones.size() != config.zones.size()) return unusable("it does not hold exactly the configured zones");
  for (const image::ZoneSummary& zone : zones) {
    if (std::ranges::find(config.zones, zone.origin, &ZoneConfig::origin) == config.zones.end()) {
      return unusable("it holds zone " + zone.origin + ", which is not configured");
    }
    if (zone.origin != ".") continue;
    const ZoneAge age{.refreshed = std::min(kept.audited, at.now),
                      .expire = zone.expire,
                      .first_signature_end = zone.first_signature_end,
                      .spread = 0};
    auto why = expired(age, at.now, at.waived);
    if (why) return unusable("zone " + zone.origin + " has expired: " + why->detail);
  }
  return {};
}

Result<KeptImage> load(const std::string& path, const Config& config, const Digest& basis, const Moment& at) {
  auto file = open_regular_file(path);
  if (!file) return file.error();
  auto header = read_header(file->get());
  if (!header) return header.error().within(path);
  if (header->basis != basis) {
    return unusable(path + ": it was judged by other settings, trust anchors or another version");
  }
  auto memfd = copy_to_sealed_memfd("imrs-image", file->get(), image::kMaxImageSize);
  if (!memfd) return memfd.error().within(path);
  auto image = image::Image::map(memfd->get());
  if (!image) return image.error().within(path);
  if ((*image)->digest() != header->image) return unusable(path + ": it is not the image that was audited");
  KeptImage kept{{std::move(*image), std::make_shared<UniqueFd>(std::move(*memfd))}, header->audited};
  if (auto right = check_zones(config, kept, at); !right) return right.error().within(path);
  return kept;
}

}  // namespace

Result<KeptImage> load_kept_image(const Config& config, std::int64_t now,
                                  const std::optional<SharedCheck>& waived) {
  if (config.state_directory.empty()) return Error{Errc::Unavailable, "there is no \"state_directory\""};
  auto basis = basis_of(config);
  if (!basis) return basis.error();
  const std::string path = config.state_directory + "/image/image";
  const Moment at{now, waived};
  auto newest = load(path, config, *basis, at);
  if (newest) return newest;
  auto before = load(path + ".before", config, *basis, at);
  if (before) return before;
  const bool nothing = newest.error().code == Errc::Unavailable && before.error().code == Errc::Unavailable;
  if (nothing) return newest.error();
  return Error{Errc::InvalidInput, newest.error().message + "; " + before.error().message};
}

}  // namespace imrs::agent

// Loads images. Called by the engine, the agent and imrs-zone. Nothing of an image is used before
// validate() has seen all of it.
#include "dns/image/image.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/base/unique_fd.h"
#include "dns/image/layout.h"
#include "dns/image/lookup.h"
#include "dns/image/validate.h"
#include "dns/wire/name.h"

namespace imrs::image {
namespace {

std::string origin_text(std::span<const std::uint8_t> wire) {
  const auto name = wire::Name::from_wire(wire);
  return name ? name->text() : std::string();
}

}  // namespace

Result<std::shared_ptr<const Image>> Image::map(int fd) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) return system_error("answer image");
  if (status.st_size > kMaxImageSize) return Error{Errc::Refused, "answer image refused: over 64 MiB"};
  auto mapping = map_sealed(fd);
  if (!mapping) return mapping.error();
  if (auto right = validate(mapping->bytes()); !right) return right.error();
  std::shared_ptr<Image> image(new Image);
  image->mapping_ = std::move(*mapping);
  return std::shared_ptr<const Image>(std::move(image));
}

Result<std::shared_ptr<const Image>> Image::load_file(const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return system_error(path);
  auto memfd = copy_to_sealed_memfd("imrs-image", file.get(), kMaxImageSize);
  if (!memfd) return memfd.error().within(path);
  auto image = map(memfd->get());
  if (!image) return image.error().within(path);
  return image;
}

Result<std::shared_ptr<const Image>> Image::adopt(std::vector<std::uint8_t> bytes) {
  if (auto right = validate(bytes); !right) return right.error();
  std::shared_ptr<Image> image(new Image);
  image->owned_ = std::move(bytes);
  return std::shared_ptr<const Image>(std::move(image));
}

std::span<const std::uint8_t> Image::bytes() const noexcept {
  return owned_.empty() ? mapping_.bytes() : std::span<const std::uint8_t>(owned_);
}

Digest Image::digest() const noexcept { return View(*this).header().digest; }

std::vector<ZoneSummary> Image::zones() const {
  const View view(*this);
  std::vector<ZoneSummary> all;
  for (const ZoneRecord& zone : view.zones()) {
    all.push_back({.origin = origin_text({view.octets(zone.origin), zone.origin_size}),
                   .serial = zone.serial,
                   .refresh = zone.refresh,
                   .retry = zone.retry,
                   .expire = zone.expire,
                   .first_signature_end = zone.first_signature_end,
                   .dnssec_verified = (zone.flags & kDnssecVerified) != 0,
                   .zonemd_verified = (zone.flags & kZonemdVerified) != 0,
                   .delegations = zone.delegations,
                   .names = zone.names});
  }
  return all;
}

}  // namespace imrs::image

// dns/image/image.h
// A loaded answer image: checked, mapped read-only, shared by all workers of an engine and by the
// agent's probes. Immutable; a new zone version is a new Image.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "agent/base/memfd.h"
#include "agent/base/messages.h"
#include "agent/base/result.h"

namespace imrs::image {

// One zone in the image, for humans and for the expiry decision.
struct ZoneSummary {
  std::string origin;  // presentation form
  std::uint32_t serial = 0;
  std::uint32_t refresh = 0, retry = 0, expire = 0;  // seconds, from the SOA
  std::int64_t first_signature_end = 0;              // Unix time, 0: no signatures
  bool dnssec_verified = false;
  bool zonemd_verified = false;
  std::uint32_t delegations = 0;
  std::uint32_t names = 0;  // owner names that are authoritative or delegations
};

class Image {
 public:
  // From a sealed memfd (kept by the caller). Refuses what is not sealed, is larger than kMaxImageSize, has
  // another magic, version or byte order, a wrong checksum, or any offset that leaves the file: names what
  // is wrong.
  [[nodiscard]] static Result<std::shared_ptr<const Image>> map(int fd);
  // From a file on disk, which is copied into a sealed memfd first (a mapped file could be truncated
  // under us).
  [[nodiscard]] static Result<std::shared_ptr<const Image>> load_file(const std::string& path);
  // From memory that the image takes over (tests, the compiler's own check).
  [[nodiscard]] static Result<std::shared_ptr<const Image>> adopt(std::vector<std::uint8_t> bytes);

  [[nodiscard]] std::span<const std::uint8_t> bytes() const noexcept;
  [[nodiscard]] Digest digest() const noexcept;  // dns/image/digest.h
  [[nodiscard]] std::vector<ZoneSummary> zones() const;

 private:
  Image() = default;
  Mapping mapping_;
  std::vector<std::uint8_t> owned_;
};

}  // namespace imrs::image

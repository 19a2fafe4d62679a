// dns/image/digest.h
// The image's SHA-256, computed with the digest field taken as zero.
#pragma once

#include <cstdint>
#include <span>

#include "agent/base/messages.h"

namespace imrs::image {

// `image` holds at least a FileHeader.
[[nodiscard]] Digest digest_of(std::span<const std::uint8_t> image);

}  // namespace imrs::image

// dns/image/digest.h
// The image's SHA-256, computed with the digest field taken as zero.
#pragma once

#include <cstdint>
#include <span>

#include "agent/base/messages.h"

namespace imrs::image {

// `image` holds at least a FileHeader.
[[nodiscard]] Digest digest_of(std::span<const std::uint8_t> image);

// Loads what digest_of() needs, so that it works in a process that may open no file any more. Never
// reads OpenSSL's configuration file.
void prepare_digests();

}  // namespace imrs::image

// dns/image/digest.h
// The image's BLAKE2b (RFC 7693), the first 256 bits of the 512, computed with the digest field taken as
// zero. Where the processor has no instructions for SHA-256 that takes three times as long: an image is
// digested by everybody whose hands it goes through.
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

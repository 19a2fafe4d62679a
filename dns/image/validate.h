// dns/image/validate.h
// Checks every offset, size and name of an image, so that lookups need no checks of their own. Takes
// time in proportion to the image's size, whatever is in it: what refers to the same octets over and over
// again is refused.
#pragma once

#include <cstdint>
#include <span>

#include "agent/base/result.h"

namespace imrs::image {

// `bytes` starts at an address aligned to 8. Checks form, version, byte order and digest as well.
[[nodiscard]] Result<void> validate(std::span<const std::uint8_t> bytes);

}  // namespace imrs::image

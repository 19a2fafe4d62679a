// dns/image/validate.h
// Checks every offset, size and name of an image, so that lookups need no checks of their own.
#pragma once

#include <cstdint>
#include <span>

#include "agent/base/result.h"

namespace imrs::image {

// `bytes` starts at an address aligned to 8. Checks form, version, byte order and digest as well.
[[nodiscard]] Result<void> validate(std::span<const std::uint8_t> bytes);

}  // namespace imrs::image

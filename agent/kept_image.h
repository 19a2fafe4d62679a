// agent/kept_image.h
// The image that the auditor has kept on disk (dns/image/kept.h): an instance that starts answers from it at
// once, and looks for something newer afterwards.
#pragma once

#include <cstdint>
#include <string>

#include "agent/config/config.h"
#include "agent/shared_image.h"

namespace imrs::agent {

struct KeptImage {
  SharedImage image;
  std::int64_t audited = 0;  // trusted Unix time; a primary had its zones no later than that
};

// The newest one that is whole, was judged by the settings, trust anchors and version that hold now, and
// holds the configured zones, none of them expired at `now`. Errc::Unavailable: none was ever kept; another
// error: why none can be used. Blocks; call it before the loop.
[[nodiscard]] Result<KeptImage> load_kept_image(const Config& config, std::int64_t now);

}  // namespace imrs::agent

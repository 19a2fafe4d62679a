// agent/kept_image.h
// The image that the auditor has kept on disk (dns/image/kept.h): an instance that starts answers from it at
// once, and looks for something newer afterwards.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "agent/config/config.h"
#include "agent/expiry.h"
#include "agent/shared_image.h"

namespace imrs::agent {

struct KeptImage {
  SharedImage image;
  std::int64_t audited = 0;  // trusted Unix time; a primary had its zones no later than that
};

// The newest one that is whole, was judged by the settings, trust anchors and version that hold now, and
// holds the configured zones, the root not expired at `now` by a check that is not waived. (Any other zone
// may be: it is answered with SERVFAIL, and nothing else suffers for it.) Errc::Unavailable: none was ever
// kept; another error: why none can be used. Blocks; call it before the loop.
[[nodiscard]] Result<KeptImage> load_kept_image(const Config& config, std::int64_t now,
                                                const std::optional<SharedCheck>& waived = std::nullopt);

}  // namespace imrs::agent

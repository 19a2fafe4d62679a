// dns/engine/standalone.h
// imrs-engine on its own: an image file, addresses from the command line.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "agent/base/result.h"

namespace imrs::engine {

struct StandaloneOptions {
  std::string image;                // file
  std::vector<std::string> listen;  // "192.0.2.1:53", "[2001:db8::1]:53"
  std::uint32_t workers = 0;        // 0: one per core, at most 64
  std::string identity = "imrs";
  std::vector<std::string> cookie_secrets;  // 32 hex digits each, the first makes cookies; none: no cookies
  std::uint32_t rate_limit = 0;             // responses a second of one answer to one prefix; 0: no limit
};

// Serves until `stop` is set. `descriptors`: the limit of open files. Errors name the flag or the file.
[[nodiscard]] Result<void> run_standalone(const StandaloneOptions& options, std::size_t descriptors,
                                          const std::atomic<bool>& stop);

}  // namespace imrs::engine

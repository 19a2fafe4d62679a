// agent/web/standalone.h
// imrs-web by itself, for experiments and pictures: one snapshot from a file, shown as if it had just come.
#pragma once

#include <cstdint>
#include <string>

#include "agent/base/result.h"

namespace imrs::web {

struct StandaloneOptions {
  std::string snapshot;          // JSON file, as /api/state gives it
  std::string noc, ops;          // "192.0.2.1:8080", "[2001:db8::1]:8080"; empty: no such listener
  std::int64_t age_seconds = 0;  // how old the snapshot shall seem
};

// Serves until the process is ended. An error: something about the options.
[[nodiscard]] Result<void> run_standalone(const StandaloneOptions& options);

}  // namespace imrs::web

// dns/engine/sandbox.h
// What the engine gives up before it reads the first query.
#pragma once

#include "agent/base/result.h"

namespace imrs::engine {

// For the whole process, all threads: no new privileges, not dumpable, no core, and a seccomp filter
// that allows receiving, answering, mapping an image read-only and ending. Anything else fails with
// EPERM, so that a C library that tries something new does not kill a fleet; starting programs, opening
// files, making sockets and tracing end the process. Builds with sanitizers get everything but the
// filter.
[[nodiscard]] Result<void> enter_sandbox();

}  // namespace imrs::engine

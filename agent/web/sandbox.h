// agent/web/sandbox.h
// What imrs-web gives up before it accepts the first connection.
#pragma once

#include "agent/base/result.h"

namespace imrs::web {

// For the whole process: no new privileges, not dumpable, no core, and a seccomp filter that allows
// accepting, receiving, sending and ending. Anything else fails with EPERM; starting programs, making or
// connecting sockets, opening files for writing and tracing end the process. Builds with sanitizers get
// everything but the filter. The server has to be open by then (Server::open and follow).
[[nodiscard]] Result<void> enter_sandbox();

}  // namespace imrs::web

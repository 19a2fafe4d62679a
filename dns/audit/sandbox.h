// dns/audit/sandbox.h
// What the audit child gives up once it has its settings and trust anchors.
#pragma once

#include "agent/base/result.h"

namespace imrs::audit {

enum class Files {
  None,
  Kept,  // files are written, where landlock lets them be (agent/base/landlock.h)
};

// For the whole process: no new privileges, not dumpable, no core, at most 1 GiB of data, and a seccomp
// filter: only what reading from the channel, mapping memfds and computing need; opening files (but for
// Files::Kept), sockets, starting programs and tracing end the process, everything else fails with EPERM.
// Builds with sanitizers get everything but the filter and the limit on data.
[[nodiscard]] Result<void> enter_sandbox(Files files);

}  // namespace imrs::audit

// dns/pipeline/sandbox.h
// What the zone child gives up before it talks to anybody.
#pragma once

#include "agent/base/result.h"

namespace imrs::pipeline {

// For the whole process and the threads it starts later: no new privileges, not dumpable, no core, at most
// 1 GiB of data, and a seccomp filter. This program reads files and connects to primaries, so the filter
// names what it never does: starting programs and tracing end the process; listening, sockets that are not
// IP, executable memory, mounts, namespaces, other users, kernel modules, BPF and io_uring fail with EPERM.
// Builds with sanitizers get everything but the filter and the limit on data.
[[nodiscard]] Result<void> enter_sandbox();

}  // namespace imrs::pipeline

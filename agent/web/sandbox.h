// agent/web/sandbox.h
// What imrs-web gives up before it accepts the first connection.
#pragma once

#include "agent/base/result.h"
#include "agent/config/web_settings.h"

namespace imrs::web {

// For the whole process: no new privileges, not dumpable, no core, and a seccomp filter that allows
// accepting, receiving, sending and ending; and of files what `settings` name: to read the folders of the TLS
// files, to write the state directory's "rssac002". Anything else fails with EPERM; starting programs, making
// or connecting sockets, and, where no files are named, opening one for writing end the process. Builds with
// sanitizers get everything but the filter. The server has to be open by then (Server::open and follow).
[[nodiscard]] Result<void> enter_sandbox(const WebSettings& settings);

}  // namespace imrs::web

// agent/ctl/login.h
// By which way the operator has come who runs this program. The kernel tells it: what the environment says
// (SSH_CONNECTION) is gone under sudo, and is the same in a terminal that has outlived its connection.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "agent/base/result.h"

namespace imrs::ctl {

struct Login {
  enum class Kind {
    Ssh,      // a connection that sshd has taken
    Console,  // a virtual console or a serial line, without sshd
    Other     // anything else: tmux or screen, a process that was detached, no terminal
  } kind = Kind::Other;
  std::int64_t began = 0;  // of Ssh: when sshd took the connection, as boot_ticks()
};

// Of the process `pid`, by its ancestors. `proc`: where proc(5) is mounted. The error: one of them cannot be
// read, so nothing is known.
[[nodiscard]] Result<Login> find_login(const std::string& proc, pid_t pid);

// Now, as proc(5) counts: clock ticks (sysconf(_SC_CLK_TCK), 100 a second) since boot, suspension included.
[[nodiscard]] std::int64_t boot_ticks();

// Whether who has come by it got in after `ticks` (boot_ticks()), or needs no network. Errc::Refused says
// what to do instead. One that began within the very tick is refused. Pure.
[[nodiscard]] Result<void> got_in_since(const Login& login, std::int64_t ticks);

}  // namespace imrs::ctl

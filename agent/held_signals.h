// agent/held_signals.h
// What tells the agent to stop or to upgrade, held while it becomes another program. Who handles it is told
// by a pipe, which execve(2) closes; a signal that is blocked stays pending over it.
#pragma once

namespace imrs::agent {

// Holds SIGTERM, SIGINT and SIGHUP of this thread from its construction on. Threads that run beside it must
// have them blocked, or have ended, before the process becomes another one. (The next agent ignores a SIGHUP
// that was held: it is what that asks for. Unblocked it would have ended it.)
class HeldSignals {
 public:
  HeldSignals() noexcept;
  ~HeldSignals();  // delivers what has come
  HeldSignals(const HeldSignals&) = delete;
  HeldSignals& operator=(const HeldSignals&) = delete;
};

// Delivers what the program before has held; call when there is who takes it.
void release_held_signals() noexcept;

}  // namespace imrs::agent

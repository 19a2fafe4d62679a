// dns/engine/crash_note.h
// What a worker's thread had in hand when it crashed, left in its page for the agent.
#pragma once

#include "agent/counts/worker_page.h"

namespace imrs::engine {

// Installs the handlers of SIGSEGV, SIGBUS, SIGILL, SIGFPE and SIGABRT for the process. They note `in_hand`
// of the page of the thread that crashed, and of no other, as its `fatal`, and let the signal do what it
// does. Once, before the sandbox.
void install_crash_handlers();

// For as long as it lives, crashes of this thread are noted in `page`; it also gives the thread a stack of
// its own for that, so that the overflow of the other one is noted too.
class CrashNote {
 public:
  explicit CrashNote(WorkerPage& page);
  ~CrashNote();
  CrashNote(const CrashNote&) = delete;
  CrashNote& operator=(const CrashNote&) = delete;
};

}  // namespace imrs::engine

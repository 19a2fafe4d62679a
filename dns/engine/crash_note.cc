// Notes what killed a worker. The handler runs in the crashing thread, when nothing can be relied on: it
// stores one number and returns to the kernel's default. Called by Engine and Worker.
#include "dns/engine/crash_note.h"

#include <signal.h>
#include <sys/mman.h>

#include <cstddef>

namespace imrs::engine {
namespace {

constexpr std::size_t kStackSize = 16384;
constexpr int kSignals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};

thread_local WorkerPage* t_page = nullptr;  // a signal handler can reach nothing else
thread_local void* t_stack = nullptr;

// SA_RESETHAND: what crashed crashes again, and then for good.
extern "C" void note_crash(int signal) {
  if (t_page != nullptr) t_page->fatal.store(t_page->in_hand.load(std::memory_order_relaxed));
  ::raise(signal);
}

}  // namespace

void install_crash_handlers() {
  struct sigaction action {};
  action.sa_handler = note_crash;
  action.sa_flags = static_cast<int>(SA_RESETHAND | SA_ONSTACK);
  for (const int signal : kSignals) ::sigaction(signal, &action, nullptr);
}

CrashNote::CrashNote(WorkerPage& page) {
  void* const stack = ::mmap(nullptr, kStackSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (stack != MAP_FAILED) {
    t_stack = stack;
    stack_t alternative{};
    alternative.ss_sp = stack;
    alternative.ss_size = kStackSize;
    ::sigaltstack(&alternative, nullptr);
  }
  t_page = &page;
}

CrashNote::~CrashNote() {
  t_page = nullptr;
  if (t_stack == nullptr) return;
  stack_t off{};
  off.ss_flags = SS_DISABLE;
  ::sigaltstack(&off, nullptr);
  ::munmap(t_stack, kStackSize);
  t_stack = nullptr;
}

}  // namespace imrs::engine

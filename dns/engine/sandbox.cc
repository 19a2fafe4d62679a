// The engine's cage. Called once, from the control thread, after the workers' threads have started and before
// there is an image.
#include "dns/engine/sandbox.h"

#include "agent/base/cage.h"

namespace imrs::engine {
namespace {

constexpr int kAllowed[] = {
    // answering
    SCMP_SYS(recvmmsg), SCMP_SYS(sendmmsg), SCMP_SYS(recvmsg), SCMP_SYS(sendmsg), SCMP_SYS(recvfrom),
    SCMP_SYS(sendto), SCMP_SYS(accept4), SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait), SCMP_SYS(epoll_ctl),
    SCMP_SYS(close), SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(writev), SCMP_SYS(poll), SCMP_SYS(ppoll),
    // memory, threads, time
    SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise), SCMP_SYS(futex),
    SCMP_SYS(sched_yield), SCMP_SYS(clock_gettime), SCMP_SYS(clock_nanosleep), SCMP_SYS(nanosleep),
    SCMP_SYS(gettimeofday), SCMP_SYS(getpid), SCMP_SYS(gettid), SCMP_SYS(set_robust_list), SCMP_SYS(rseq),
    SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn), SCMP_SYS(restart_syscall), SCMP_SYS(getrandom),
    // looking at a received image
    SCMP_SYS(fstat), SCMP_SYS(newfstatat), SCMP_SYS(fcntl),
    // ending
    SCMP_SYS(exit), SCMP_SYS(exit_group), SCMP_SYS(tgkill)};

constexpr int kFatal[] = {SCMP_SYS(socket)};

// Octets. The tables of 64 workers, and what their connections wait for.
constexpr std::size_t kMaxData = std::size_t{1} << 30;

}  // namespace

Result<void> enter_sandbox() {
  if (auto given_up = give_up_dumps_and_privileges(); !given_up) return given_up;
  if (auto limited = limit_data(kMaxData); !limited) return limited;
  if (auto kept = keep_malloc_from_opening_files(); !kept) return kept;
  SyscallFilter filter(SyscallFilter::Otherwise::Refuse);
  filter.allow(kAllowed);
  filter.allow_memory_without_code();
  filter.kill(kNeverCalled);
  filter.kill(kOpenFiles);
  filter.kill(kFatal);
  return filter.load();
}

}  // namespace imrs::engine
